"""`mlw list` and `mlw show` on made-up states; what runs comes from a made-up engine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from infra import labels
from infra.clients.engine import docker_engine
from infra.errors import EngineUnreachableError
from mlw.main import main
from tests.unit.states import GOLDEN, Place, a_record, a_workspace, an_expiry, stack_id, the_outputs


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stack of every container that runs; nothing else must be asked for."""
    found: list[str] = []

    def containers(*, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert filters == {"status": "running"}
        return [{"Labels": {labels.ID: stack_id(stack)}} for stack in found]

    @contextmanager
    def connect() -> Iterator[Any]:
        yield SimpleNamespace(api=SimpleNamespace(containers=containers))

    monkeypatch.setattr(docker_engine, "connect", connect)
    return found


@pytest.fixture
def two(place: Place, running: list[str]) -> Place:
    """Two stacks: one is up and one of its containers has stopped, the other's first update did not end."""
    place.deploy("churn")
    place.deploy("fraud", a_workspace("fraud", outputs={}))
    place.deploy("empty", [])
    running += ["churn", "churn", "churn", "fraud"]
    return place


@pytest.mark.parametrize(
    ("line", "golden"),
    [
        ("list", "list.txt"),
        ("list --tag Owner", "list_owner.txt"),
        ("list --json", "list.json"),
        ("list --json --tag owner", "list_owner.json"),
    ],
)
def test_list_shows_every_workspace(two: Place, capsys: pytest.CaptureFixture[str], line: str, golden: str) -> None:
    assert main(line.split()) == 0

    assert capsys.readouterr().out == (GOLDEN / golden).read_text(encoding="utf-8")


def test_expiry_is_shown_once_a_stack_has_one(two: Place, capsys: pytest.CaptureFixture[str]) -> None:
    two.deploy("churn", [*a_workspace("churn"), an_expiry("churn", on="2026-12-31T20:00:00+02:00")])

    assert main(["list"]) == 0
    heading, churn, fraud = capsys.readouterr().out.splitlines()
    assert heading.split()[-2:] == ["EXPIRES", "TAGS"]
    assert "2026-12-31T18:00:00Z" in churn
    assert "never" in fraud

    assert main(["show", "churn"]) == 0
    assert json.loads(capsys.readouterr().out) == {**a_record("churn"), "expiresOn": "2026-12-31T18:00:00Z"}


def test_an_empty_backend_has_no_workspaces_and_needs_no_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out == "No workspaces in this state backend. Run `make up` for one.\n"

    assert main(["list", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"


def test_a_damaged_state_is_told_and_hides_no_other_stack(two: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (two.states / "broken.json").write_text("{", encoding="utf-8")

    assert main(["list"]) == 1

    printed = capsys.readouterr()
    assert printed.out == (GOLDEN / "list.txt").read_text(encoding="utf-8")
    assert printed.err.startswith("mlw: reading the state of stack 'broken': it is not JSON")


def test_an_engine_that_does_not_run_is_one_message(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def connect() -> None:
        raise EngineUnreachableError("using the Docker engine at 'x': it does not answer.")

    place.deploy("churn")
    monkeypatch.setattr(docker_engine, "connect", connect)

    assert main(["list"]) == 1
    assert capsys.readouterr() == ("", "mlw: using the Docker engine at 'x': it does not answer.\n")


def test_show_prints_the_record(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.deploy("churn")

    assert main(["show", "churn"]) == 0

    shown = capsys.readouterr()
    assert json.loads(shown.out) == a_record("churn")
    assert shown.err == (
        "mlw: tracking of experiments, runs and models is off. Add `ml-workspace:tracking: {}` below `config` in "
        "stacks/Pulumi.churn.yaml and run `make up STACK=churn`.\n"
    )


def test_show_has_nothing_to_add_when_everything_is_on(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    endpoints = {**the_outputs("churn")["endpoints"], "tracking": "http://127.0.0.1:20008"}
    place.deploy("churn", a_workspace("churn", outputs=the_outputs("churn", endpoints=endpoints)))

    assert main(["show", "churn"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("verb", ["show", "diagnose", "keys"])
def test_an_unknown_stack_is_told_with_those_there_are(
    place: Place, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    place.deploy("churn")
    place.deploy("fraud")

    assert main([verb, "chrun"]) == 1

    assert capsys.readouterr().err == (
        "mlw: looking for stack 'chrun': no such stack in this state backend. Did you mean 'churn'? "
        "Stacks: churn, fraud. Choose one of them.\n"
    )


def test_a_stack_that_has_only_a_file_is_told_how_to_be_brought_up(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.configure("churn")

    assert main(["show", "churn"]) == 1

    assert "Stacks: none. Run `make up STACK=churn` first." in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["show", "keys"])
def test_a_stack_whose_update_did_not_end_has_nothing_to_show(
    two: Place, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert main([verb, "fraud"]) == 1

    assert "never been deployed successfully. Run `make up STACK=fraud`." in capsys.readouterr().err
