"""The SDK's debug messages, each of which would block the program, are dropped; all other messages are sent."""

import logging

import pulumi
import pytest
from pulumi.runtime import mocks as pulumi_mocks

from infra import entry_point
from tests.support.mocks import RecordingMocks


@pytest.fixture(autouse=True)
def _sdk(monkeypatch: pytest.MonkeyPatch, event_loops: None) -> None:
    """The SDK with mocks; restored afterwards."""
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    pulumi.runtime.set_mocks(RecordingMocks(), project="ml-workspace", stack="dev")


def register() -> None:
    @pulumi_mocks.test  # type: ignore[untyped-decorator]
    def one() -> pulumi.Output[str]:
        pulumi.warn("beware")
        return pulumi.ComponentResource("test:index:One", "one").urn

    one()


def test_the_sdk_reports_its_own_steps(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    register()

    assert any(record.message.startswith("registering resource") for record in caplog.records)


def test_only_its_own_steps_are_omitted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="root")
    entry_point.leave_out_debug_messages()

    register()

    assert [record.message for record in caplog.records if record.name == "root"] == ["beware"]
