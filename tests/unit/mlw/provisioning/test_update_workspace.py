"""`mlw update`: the file keeps its comments, and is written only after an agreement."""

import json
from pathlib import Path

import pytest

from mlw.main import main
from mlw.provisioning import questions
from tests.unit.mlw.provisioning.conftest import Runs
from tests.unit.states import VALID, Place

BEFORE = f"# mine\n{VALID}  ml-workspace:tls: false # for now\n"
AFTER = BEFORE.replace("false", "true")
SET = ["--set", "tls=true"]


@pytest.fixture
def file(place: Place) -> Path:
    return place.configure("churn", BEFORE)


def test_the_file_is_edited_and_applied(file: Path, terminal: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.replies = ["y"]

    assert main(["update", "churn", *SET]) == 0

    assert (file.read_text(), terminal.done, terminal.texts) == (AFTER, ["preview", "up"], [AFTER, AFTER])
    printed = capsys.readouterr().out
    assert "-  ml-workspace:tls: false # for now\n+  ml-workspace:tls: true # for now\n" in printed


@pytest.mark.parametrize("replies", [["n"], []], ids=["no", "nothing"])
def test_without_an_agreement_nothing_changes(file: Path, terminal: Runs, replies: list[str]) -> None:
    terminal.replies = replies

    assert main(["update", "churn", *SET]) == 1

    assert (file.read_text(), terminal.done) == (BEFORE, ["preview"])


def test_a_violation_changes_nothing(file: Path, runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "churn", "--set", "storageAccount.sku=Cheap", "--yes"]) == 1

    assert "ml-workspace:storageAccount.sku is 'Cheap'" in capsys.readouterr().err
    assert (file.read_text(), runs.done) == (BEFORE, [])


def test_without_settings_the_file_is_applied(file: Path, runs: Runs) -> None:
    before = file.stat()

    assert main(["update", "churn", "--yes"]) == 0

    assert (file.stat().st_mtime_ns, file.stat().st_ino, runs.done) == (before.st_mtime_ns, before.st_ino, ["up"])


def test_permissions_of_the_file_stay(file: Path, runs: Runs) -> None:
    file.chmod(0o640)

    assert main(["update", "churn", *SET, "--yes"]) == 0

    assert (file.stat().st_mode & 0o777, runs.done) == (0o640, ["up"])


def test_a_file_that_changed_meanwhile_is_not_overwritten(
    file: Path, terminal: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def confirm(_: str) -> bool:
        file.write_text(VALID)
        return True

    monkeypatch.setattr(questions, "confirm", confirm)

    assert main(["update", "churn", *SET]) == 1

    assert "another program changed it meanwhile" in capsys.readouterr().err
    assert (file.read_text(), terminal.done) == (VALID, ["preview"])


def test_events_are_alone_on_standard_output(file: Path, runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "churn", *SET, "--yes", "--events", "-"]) == 0

    printed = capsys.readouterr()
    assert [json.loads(line)["type"] for line in printed.out.splitlines()] == ["resource", "finished"]
    assert ("+  ml-workspace:tls: true" in printed.err, "workspace is ready" in printed.err) == (True, True)
    assert (file.read_text(), runs.done) == (AFTER, ["up"])
