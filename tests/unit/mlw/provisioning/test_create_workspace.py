"""`mlw create`: what is written, asked and run."""

import json
from pathlib import Path

import pytest

from infra.errors import MlWorkspaceError
from mlw.lifecycle.lifecycle_errors import OperationCancelledError
from mlw.main import main
from tests.unit.mlw.provisioning.conftest import Runs
from tests.unit.states import VALID, Place

TAGS = ["--tags", "owner=a@example.org", "--tags", "cost-center=4711", "--tags", "project=churn"]


def file_of(place: Place, stack: str = "churn") -> Path:
    return place.stacks / f"Pulumi.{stack}.yaml"


def test_with_yes_it_writes_the_file_and_creates(place: Place, runs: Runs) -> None:
    settings = ["-n", "mlw-own", "-g", "rg-own", "-l", "northeurope", "--set", "tls=true"]

    assert main(["create", "churn", *TAGS, *settings, "--yes"]) == 0

    text = file_of(place).read_text()
    assert runs.done == ["up"]
    for line in (
        "# What the workspace is for; part of every default name.\n  ml-workspace:workload: churn",
        "ml-workspace:location: northeurope",
        'cost-center: "4711"',
        "ml-workspace:resourceGroup: {name: rg-own}",
        "ml-workspace:workspace: {name: mlw-own}",
        "ml-workspace:tls: true",
    ):
        assert f" {line}\n" in text


def test_all_violations_are_reported_and_nothing_is_written(
    place: Place, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["create", "churn", "--set", "storageAccount.sku=Cheap", "--yes"]) == 1

    message = capsys.readouterr().err
    assert message.startswith("mlw: stack 'churn' is not valid: 4 violations, nothing was created\n")
    assert (file_of(place).exists(), runs.done) == (False, [])


def test_a_terminal_is_asked_for_what_is_missing(place: Place, terminal: Runs) -> None:
    terminal.replies = ["churn2", "fraud", "a@example.org", "4711", "fraud", "y"]

    assert main(["create"]) == 0

    assert terminal.asked == [
        "Name of the stack",
        "Workload",
        "Tag owner",
        "Tag cost-center",
        "Tag project",
        "Write stacks/Pulumi.churn2.yaml and create this workspace?",
    ]
    assert terminal.done == ["preview", "up"]
    assert terminal.texts[0] == file_of(place, "churn2").read_text()


def test_without_an_agreement_nothing_is_written(
    place: Place, terminal: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.replies = ["churn", "n"]

    assert main(["create", "churn", *TAGS]) == 1

    assert capsys.readouterr().err.startswith("mlw: nothing was created, and no file was written.")
    assert (file_of(place).exists(), terminal.done) == (False, ["preview"])


def test_without_a_terminal_it_previews_only(place: Place, runs: Runs) -> None:
    assert main(["create", "churn", *TAGS]) == 1

    assert (file_of(place).exists(), runs.done, runs.asked) == (False, ["preview"], [])


def test_data_is_alone_on_standard_output(terminal: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.replies = ["churn", "y"]

    assert main(["create", "churn", *TAGS, "-o", "json"]) == 0

    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert (found["name"], found["endpoints"]["storage"]) == ("mlw-churn", "http://127.0.0.1:20001")
    assert "workspace is ready" in printed.err
    assert terminal.done == ["preview to 2", "up"]


def test_an_existing_file_is_used_as_it_is(place: Place, runs: Runs) -> None:
    place.configure("churn")

    assert main(["create", "churn", "--yes"]) == 0

    assert (file_of(place).read_text(), runs.done) == (VALID, ["up"])


@pytest.mark.parametrize("settings", [TAGS, ["--file-only"]], ids=["settings", "file only"])
def test_an_existing_file_is_not_replaced(
    place: Place, runs: Runs, settings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    place.configure("churn")

    assert main(["create", "churn", *settings]) == 1

    assert "its file 'Pulumi.churn.yaml' exists." in capsys.readouterr().err
    assert (file_of(place).read_text(), runs.done) == (VALID, [])


def test_a_stack_that_exists_is_updated_instead(place: Place, runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    place.deploy("churn")

    assert main(["create", "churn", *TAGS, "--yes"]) == 1

    assert "creating stack 'churn': it exists. Change it with `mlw update churn`" in capsys.readouterr().err
    assert runs.done == []


def test_file_only_writes_the_file_and_stops(place: Place, runs: Runs) -> None:
    assert main(["create", "churn", *TAGS, "--file-only"]) == 0

    assert (file_of(place).exists(), runs.done) == (True, [])


def test_nobody_to_ask_for_a_name_is_an_error(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "--yes"]) == 1

    assert capsys.readouterr().err.startswith("mlw: creating a workspace: it has no name.")
    assert runs.done == []


def test_an_interrupted_run_has_the_exit_code_of_one(runs: Runs) -> None:
    runs.error = OperationCancelledError("stopped")

    assert main(["create", "churn", *TAGS, "--yes"]) == 130


def test_events_go_to_a_file_and_end_with_the_exit_code(runs: Runs, tmp_path: Path) -> None:
    runs.error = MlWorkspaceError("no disk")

    assert main(["create", "churn", *TAGS, "--yes", "--events", str(tmp_path / "events")]) == 1

    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [event["type"] for event in events] == ["resource", "error", "finished"]
    assert (events[1]["message"], events[2]["exitCode"], events[2]["stack"]) == ("no disk", 1, "churn")
