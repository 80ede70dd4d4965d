"""Whose login is used, and what is said without one."""

import pytest

from mlw.keys import principal_credentials
from mlw.main import main
from mlw.stacks.stacks import Stack, open_stack
from mlw.tracking.tracking_access import NoTrackingRightError, TrackingOffError, connect
from tests.unit.states import CREDENTIALS, Place, a_workspace, the_outputs

ENDPOINT = "http://127.0.0.1:20008"


@pytest.fixture
def _tracked(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack with tracking."""
    endpoints = {**the_outputs("dev")["endpoints"], "tracking": ENDPOINT}
    place.deploy("dev", a_workspace("dev", outputs=the_outputs("dev", endpoints=endpoints)))
    login = {"username": "admin", "password": "secret-of-tracking"}
    monkeypatch.setattr(Stack, "credentials", lambda _: {**CREDENTIALS, "tracking": login})


@pytest.mark.usefixtures("_tracked")
def test_a_stack_has_a_login_of_its_own() -> None:
    found = connect(open_stack("dev"))

    assert (found.endpoint, found._session.auth) == (ENDPOINT, ("admin", "secret-of-tracking"))


@pytest.mark.usefixtures("_tracked")
def test_a_principal_uses_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"trackingUsername": "dora", "trackingPassword": "secret-of-dora"}
    monkeypatch.setattr(principal_credentials, "credentials_of", lambda *_: held)

    assert connect(open_stack("dev"), "dora")._session.auth == ("dora", "secret-of-dora")


@pytest.mark.usefixtures("_tracked")
def test_a_principal_without_a_login_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principal_credentials, "credentials_of", lambda *_: {})

    with pytest.raises(NoTrackingRightError, match="as principal 'ops': its role includes nothing there"):
        connect(open_stack("dev"), "ops")


@pytest.mark.parametrize("line", ["experiment list dev", "run list dev", "run show dev x", "model list dev"])
def test_without_tracking_every_command_says_how_to_switch_it_on(
    line: str, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.deploy("dev")

    assert main(line.split()) == 1

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (
        "",
        "mlw: using MLflow of stack 'dev': tracking of experiments, runs and models is off. Add "
        "`ml-workspace:tracking: {}` below `config` in stacks/Pulumi.dev.yaml and run `make up STACK=dev`.\n",
    )


def test_the_error_is_the_same_for_a_library(place: Place) -> None:
    place.deploy("dev")

    with pytest.raises(TrackingOffError, match="is off"):
        connect(open_stack("dev"))
