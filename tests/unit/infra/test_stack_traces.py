"""Resources are registered without the program's stack trace, which the SDK would add to each."""

from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import resource as runtime_resource

from infra import entry_point
from tests.support.mocks import RecordingMocks


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch, event_loops: None) -> list[int]:
    """Number of frames in the trace of each registration; the SDK is restored afterwards."""
    seen: list[int] = []
    real = pulumi_mocks.MockMonitor.RegisterResource

    def register(self: pulumi_mocks.MockMonitor, request: Any) -> object:  # noqa: ANN401 - protobuf
        seen.append(len(request.stackTrace.frames))
        return real(self, request)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(pulumi_mocks.MockMonitor, "RegisterResource", register)
    monkeypatch.setattr(runtime_resource, "_get_stack_trace", runtime_resource._get_stack_trace)
    pulumi.runtime.set_mocks(RecordingMocks(), project="ml-workspace", stack="dev")
    return seen


class One(pulumi.ComponentResource):
    """A component, which the SDK recognises by its own constructor."""

    def __init__(self) -> None:
        super().__init__("test:index:One", "one")


def register() -> None:
    @pulumi_mocks.test  # type: ignore[untyped-decorator]
    def one() -> pulumi.Output[str]:
        return One().urn

    one()


def test_the_sdk_adds_a_trace(frames: list[int]) -> None:
    register()

    assert frames[-1] > 0


def test_the_program_leaves_it_out(frames: list[int]) -> None:
    entry_point.leave_out_stack_traces()

    register()

    assert frames[-1] == 0
