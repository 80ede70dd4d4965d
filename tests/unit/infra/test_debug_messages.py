"""The SDK's debug messages, each of which the whole program would wait for, are left out; all others are not."""

import logging

import pulumi
import pytest
from pulumi.runtime import mocks as pulumi_mocks

from infra import entry_point
from tests.support.mocks import RecordingMocks


@pytest.fixture(autouse=True)
def _sdk(monkeypatch: pytest.MonkeyPatch, event_loops: None) -> None:
    """The SDK with mocks, and as it was afterwards."""
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    pulumi.runtime.set_mocks(RecordingMocks(), project="ml-workspace", stack="dev")


def register() -> None:
    @pulumi_mocks.test  # type: ignore[untyped-decorator]
    def one() -> pulumi.Output[str]:
        pulumi.warn("beware")
        return pulumi.ComponentResource("test:index:One", "one").urn

    one()


def test_the_sdk_tells_its_own_steps(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    register()

    assert any(record.message.startswith("registering resource") for record in caplog.records)


def test_its_own_steps_are_left_out_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="root")
    entry_point.leave_out_debug_messages()

    register()

    assert [record.message for record in caplog.records if record.name == "root"] == ["beware"]
