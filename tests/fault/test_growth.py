"""Stacks that are created and destroyed leave nothing behind; the long form is ``make soak``."""

from pathlib import Path

import pytest

from tests.support.growth import Traces, make_traces, up_and_down
from tests.support.stacks import ephemeral_stack

CYCLES = 2


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    return make_traces(tmp_path)


@pytest.mark.fault("stacks are created and destroyed", "no file and no process is left")
def test_cycles_of_up_and_down_leave_no_files_and_no_processes(traces: Traces) -> None:
    with ephemeral_stack(traces.environment) as stack:
        up_and_down(stack)
        before = traces.files()

        for _ in range(CYCLES):
            up_and_down(stack)

        traces.assert_flat(before)
