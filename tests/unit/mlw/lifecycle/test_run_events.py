"""Events of a run: JSON lines, in order, until the reader is gone."""

import json
import os
from pathlib import Path

import pytest

from infra.errors import MlWorkspaceError
from mlw.lifecycle import run_events, stack_commands
from mlw.lifecycle.__main__ import main
from mlw.lifecycle.lifecycle_errors import OperationCancelledError
from mlw.lifecycle.run_events import EventsFileError, emit, phase, reporting, writing
from mlw.lifecycle.stack_context import Context


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_phase_has_a_start_an_end_and_a_length(tmp_path: Path) -> None:
    with reporting(str(tmp_path / "events"), "dev"), phase("update"):
        emit("resource", operation="create", left_out=None)

    events = read(tmp_path / "events")
    assert [event["type"] for event in events] == ["phaseStarted", "resource", "phaseFinished", "finished"]
    assert events[1].keys() == {"time", "type", "stack", "operation"}
    assert (events[2]["succeeded"], events[3]["exitCode"]) == (True, 0)
    assert str(events[0]["time"]).endswith("Z")


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (MlWorkspaceError("no disk"), "no disk", 1),
        (OperationCancelledError("stopped"), "stopped", 130),
        (KeyboardInterrupt(), "interrupted. Run the command again to continue.", 130),
    ],
    ids=["error", "operation interrupted", "interrupted"],
)
def test_a_failure_is_the_last_but_one(tmp_path: Path, error: BaseException, message: str, code: int) -> None:
    with pytest.raises(type(error)), reporting(str(tmp_path / "events"), "dev"), phase("update"):
        raise error

    *_, finished_phase, failed, finished = read(tmp_path / "events")
    assert (finished_phase["succeeded"], failed["message"], finished["exitCode"]) == (False, message, code)


def test_standard_output_has_events_only(capsys: pytest.CaptureFixture[str]) -> None:
    with writing("-", "dev"):
        print("a message")
        emit("ready")
    print("afterwards")

    printed = capsys.readouterr()
    assert printed.err == "a message\n"
    assert json.loads(printed.out.splitlines()[0])["type"] == "ready"
    assert printed.out.splitlines()[1:] == ["afterwards"]


def test_without_a_target_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    with reporting("", "dev"):
        emit("ready")

    assert capsys.readouterr() == ("", "")


def test_a_reader_that_is_gone_does_not_end_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with writing(str(tmp_path / "pipe"), "dev"):
        os.close(reader)
        emit("ready")
        emit("ready")

    assert capsys.readouterr().err == "events: not written any more: [Errno 32] Broken pipe\n"


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EventsFileError, match="No such file or directory"), writing(str(tmp_path / "no" / "x"), "dev"):
        pass


def test_the_make_targets_write_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def up(context: Context) -> None:
        run_events.emit("ready", name=context.stack)

    monkeypatch.setattr(stack_commands, "up", up)

    assert main(["up", "--stack", "churn", "--events", str(tmp_path / "events")]) == 0

    assert [event["type"] for event in read(tmp_path / "events")] == ["ready", "finished"]
