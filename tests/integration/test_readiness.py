"""A service that cannot start: the run ends early and quotes the service's own words, and a plain `up` repairs it."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import Environment, copy_project
from tests.support.refusals import assert_refused
from tests.support.stacks import Stack, ephemeral_stack
from tests.support.updates import assert_unchanged

ASSETS = Path("infra/components/assets")
GIVEN_UP = "stopped before it was ready"
"""What is said instead of the gate's deadline: a container that exits again and again is not worth waiting for."""

NONSENSE = "nosuchthing"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A line of a service's configuration that, made invalid, keeps the service from starting."""

    asset: str
    line: str
    prefix: str
    """What the name of the resource begins with."""


@pytest.fixture
def stack(environment: Environment, tmp_path: Path) -> Iterator[Stack]:
    """A stack with its own program, which the test may break."""
    project = copy_project(tmp_path / "project")
    with ephemeral_stack(dataclasses.replace(environment, project=project)) as stack:
        yield stack


BROKEN = {
    "application insights": Broken(asset="collector.yaml", line="receivers: [otlp]", prefix="appi-"),
    "container registry": Broken(asset="registry.yml", line="filesystem:", prefix="cr"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_service_that_cannot_start_is_quoted_and_repaired_by_the_next_up(stack: Stack, broken: Broken) -> None:
    file = stack.environment.project / ASSETS / broken.asset
    text = file.read_text()
    file.write_text(text.replace(broken.line, broken.line.replace("otlp", NONSENSE).replace("filesystem", NONSENSE)))
    assert NONSENSE in file.read_text()

    finished = stack.pulumi("up", "--yes", "--skip-preview")
    file.write_text(text)
    stack.up().check()

    assert_refused(finished, f"{broken.prefix}{stack.workload}", GIVEN_UP, "Last log lines", NONSENSE)
    assert_unchanged(stack.preview())
