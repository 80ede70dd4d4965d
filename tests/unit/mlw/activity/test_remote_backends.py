"""A backend that is not files: results come from the run itself, or from Pulumi's history through the CLI."""

import json
from typing import Any

import pytest

from infra.clients.state import known_stacks
from mlw.activity import event_log, last_seen, run_notes, run_recording, verification
from mlw.activity.run_recording import Result
from mlw.lifecycle import checkpoints, pulumi_cli
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.lifecycle_errors import OperationFailedError
from mlw.lifecycle.stack_context import Context
from mlw.stacks.stacks import context_of
from tests.unit.states import Place, a_checkpoint, stack_id
from tests.unit.update_history import CREATED, RUN, History, kill, lines, resources


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states?endpoint=http://127.0.0.1:9000")
    return context_of("dev")


def recorded() -> list[str]:
    assert verification.verify().findings == []
    return lines(list(event_log.read_events(newest_first=False)))


def state() -> Checkpoint:
    new = resources()
    for resource in new:
        resource["created"] = "2999-01-01T00:00:00Z"
    return checkpoints.parse(a_checkpoint(new))


def nothing() -> Checkpoint:
    raise AssertionError


def test_a_run_of_this_project_is_recorded_from_its_result(context: Context) -> None:
    first = run_recording.begin(context, "up")
    first.end(Result(verb="up", succeeded=True, changes={"create": 50}, checkpoint=state))
    assert recorded() == [f"{RUN}/write Started", *(f"{name} Succeeded" for name in CREATED), f"{RUN}/write Succeeded"]

    # Without changes, the state is not even read.
    second = run_recording.begin(context, "up")
    second.end(Result(verb="up", succeeded=True, changes={"same": 50}, checkpoint=nothing))
    assert recorded()[-2:] == [f"{RUN}/write Started", f"{RUN}/write Succeeded"]
    assert run_notes.notes(context.backend_id) == []


def test_a_run_of_plain_pulumi_is_looked_up_when_it_is_over(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    note = run_notes.begin("dev", verb="up", backend=context.backend_id)
    entry = {
        "kind": "update",
        "environment": {"exec.agent": run_notes.agent_of(note.run)},
        "result": "failed",
        "startTime": "2026-11-29T12:00:00.000Z",
        "endTime": "2026-11-29T12:00:05.000Z",
        "resourceChanges": {"create": 3},
    }
    other = {**entry, "environment": {"exec.agent": "mlw/other/ada@lab"}}

    def query(_context: Context, arguments: list[str], **_: str) -> str:
        asked.append(arguments[:2])
        if arguments[1] == "history":
            return json.dumps([other, entry])
        return json.dumps({"version": 3, "deployment": state().latest})

    monkeypatch.setattr(pulumi_cli, "query", query)
    run_recording.catch_up(context)
    assert (recorded(), asked) == ([f"{RUN}/write Started"], [])

    kill(note.path)
    run_recording.catch_up(context)

    assert recorded() == [f"{RUN}/write Started", *(f"{name} Failed" for name in CREATED), f"{RUN}/write Failed"]
    assert asked == [["stack", "history"], ["stack", "export"]]
    run_recording.catch_up(context)
    assert len(asked) == 2


def test_a_run_without_a_result_is_failed(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def query(*_: object, **__: object) -> str:
        raise OperationFailedError("no stack named 'dev' found")

    monkeypatch.setattr(pulumi_cli, "query", query)
    kill(run_notes.begin("dev", verb="destroy", backend=context.backend_id).path)
    run_recording.catch_up_all(context)

    assert recorded() == [f"{RUN}/delete Started", f"{RUN}/delete Failed"]


def test_a_stack_that_was_moved_is_not_recorded_as_deleted(place: Place) -> None:
    history = History(place)
    history.update(resources())
    run_recording.catch_up_all(history.context)
    before = recorded()
    known_stacks.remember(stack_id("dev"), stack="dev", backend="s3://elsewhere")
    history.edit(None)

    run_recording.catch_up_all(history.context)

    assert recorded() == before
    assert last_seen.read(history.context) is None
    moved = {**history.context.environment, "PULUMI_BACKEND_URL": "s3://elsewhere"}
    seen = last_seen.read(Context(stack="dev", environment=moved, home=history.context.home))
    assert seen is not None
    assert seen.snapshot.identity == stack_id("dev")
