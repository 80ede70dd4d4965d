"""`mlw expire`: what it lists, what it leaves, and that one failure does not stop the others."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.errors import MlWorkspaceError
from mlw.lifecycle import down, engine_objects, removal_notes, state_files
from mlw.lifecycle.lifecycle_errors import OperationCancelledError
from mlw.lifecycle.stack_context import Context
from mlw.main import main
from mlw.stacks.stacks import context_of
from tests.unit.states import SERVICES, Place, a_lock, a_workspace, an_expiry, resource_id, stack_id

PAST, FUTURE = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


@pytest.fixture
def removed(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the stacks that were taken down, in order."""
    names: list[str] = []

    def take_down(context: Context, *, require: Callable[[Any], None]) -> None:
        require(state_files.read(context))
        names.append(context.stack)
        (place.states / f"{context.stack}.json").unlink(missing_ok=True)

    monkeypatch.setattr(down, "down", take_down)
    monkeypatch.setattr(engine_objects, "list_owners", lambda **_: ["stack 'other' of bob@host"])
    return names


def deploy(place: Place, stack: str, on: str = PAST, *more: dict[str, Any]) -> None:
    place.deploy(stack, [*a_workspace(stack), an_expiry(stack, on=on), *more])


def tied(stack: str, owner: str) -> list[dict[str, Any]]:
    """A workspace that uses the storage account of another stack."""
    resources = a_workspace(stack)
    workspace = next(one for one in resources if one["type"].endswith(":Workspace"))
    workspace["inputs"]["storageAccount"] = resource_id(owner, next(iter(SERVICES)))
    return [*resources, an_expiry(stack, on=PAST)]


def test_the_list_names_what_is_lost_and_whose_stacks_were_not_looked_at(
    place: Place, removed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(place, "churn")
    deploy(place, "later", FUTURE)
    place.deploy("never")

    assert main(["expire"]) == 0

    shown = capsys.readouterr().out
    assert "stack 'churn', on 2026-01-01T00:00:00Z" in shown
    assert "loses storage account 'stchurn', container registry 'crchurn', key vault 'kv-churn'" in shown
    assert "(4 volumes)" in shown
    assert "Not checked, because they belong to other homes or backends:\n  stack 'other' of bob@host" in shown
    assert "'later'" not in shown
    assert "'never'" not in shown
    assert "`mlw expire --yes`" in shown
    assert removed == []


def test_what_has_expired_is_removed_and_nothing_else(place: Place, removed: list[str]) -> None:
    deploy(place, "churn")
    deploy(place, "later", FUTURE)

    assert main(["expire", "--yes"]) == 0

    assert removed == ["churn"]
    assert removal_notes.stacks_of(context_of("churn").backend_id) == []


def test_a_locked_stack_is_left_and_named(place: Place, removed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    deploy(place, "kept", PAST, a_lock("kept"))
    deploy(place, "sold")

    assert main(["expire", "--yes"]) == 1

    assert removed == ["sold"]
    assert "Skipped: stack 'kept', locked: 'keep' (CanNotDelete, 'ask Ada')" in capsys.readouterr().out


def test_what_another_stack_uses_is_left(place: Place, removed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    deploy(place, "owner")
    place.deploy("user", tied("user", "owner")[:-1])

    assert main(["expire", "--yes"]) == 1

    assert removed == []
    assert "Skipped: stack 'owner', in use by stack 'user'." in capsys.readouterr().out


def test_what_another_expired_stack_uses_comes_after_it(place: Place, removed: list[str]) -> None:
    deploy(place, "owner")
    place.deploy("user", tied("user", "owner"))

    assert main(["expire", "--yes"]) == 0

    assert removed == ["user", "owner"]


def test_a_failure_does_not_stop_the_others(
    place: Place, removed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take_down = down.down

    def fails(context: Context, **more: Any) -> None:  # noqa: ANN401 - handed on
        if context.stack == "broken":
            raise MlWorkspaceError("removing volume 'v': the engine refused")
        take_down(context, **more)

    deploy(place, "broken")
    deploy(place, "churn")
    monkeypatch.setattr(down, "down", fails)

    assert main(["expire", "--yes"]) == 1

    printed = capsys.readouterr()
    assert removed == ["churn"]
    assert "mlw: removing volume 'v': the engine refused" in printed.err
    assert "Removed: churn." in printed.out


def test_an_interruption_stops_everything(place: Place, removed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_context: Context, **_more: object) -> None:
        raise OperationCancelledError("interrupted")

    deploy(place, "a")
    deploy(place, "b")
    monkeypatch.setattr(down, "down", interrupted)

    assert main(["expire", "--yes"]) == 130
    assert removed == []


def test_a_stack_that_was_given_more_time_meanwhile_stays(
    place: Place, removed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take_down = down.down

    def after_waiting(context: Context, **more: Any) -> None:  # noqa: ANN401 - handed on
        deploy(place, "churn", FUTURE)
        take_down(context, **more)

    deploy(place, "churn")
    monkeypatch.setattr(down, "down", after_waiting)

    assert main(["expire", "--yes"]) == 1
    assert removed == []
    assert "it was changed meanwhile and has not expired" in capsys.readouterr().err


def test_a_removal_that_was_killed_at_its_end_is_finished(place: Place, removed: list[str]) -> None:
    place.deploy("churn", [])
    removal_notes.begin(context_of("churn"), stack_id("churn"))

    assert main(["expire", "--yes"]) == 0

    assert removed == ["churn"]
    assert main(["expire", "--yes"]) == 0
    assert removed == ["churn"]


def test_a_half_removed_stack_is_listed_once_and_does_not_use_itself(
    place: Place, removed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its identity is gone, and what says that it has expired is not."""
    rest = [one for one in a_workspace("churn") if not one["type"].endswith(":StackIdentity")]
    rest.append(next(one for one in tied("churn", "churn") if one["type"].endswith(":Workspace")))
    place.deploy("churn", [*rest, an_expiry("churn", on=PAST)])
    removal_notes.begin(context_of("churn"), stack_id("churn"))

    assert main(["expire", "--yes"]) == 0

    assert removed == ["churn"]
    assert capsys.readouterr().out.count("stack 'churn'") == 2, "listed, and removed"


def test_a_stack_that_was_made_since_is_another_one(place: Place, removed: list[str]) -> None:
    removal_notes.begin(context_of("churn"), stack_id("churn"))
    place.deploy("churn")

    assert main(["expire", "--yes"]) == 0

    assert removed == []


def test_a_state_that_cannot_be_read_is_told(
    place: Place, removed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    place.deploy("churn").write_bytes(b"")

    assert main(["expire", "--yes"]) == 1
    assert "mlw: reading the state of stack 'churn': it is empty." in capsys.readouterr().err
    assert removed == []


def test_json_is_the_list_alone(place: Place, removed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    deploy(place, "churn", PAST, a_lock("churn"))

    assert main(["expire", "--json"]) == 0

    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["stack"], entry["expiredOn"]) == ("churn", PAST)
    assert entry["leftBecause"].startswith("locked: 'keep'")
    assert removed == []


def test_days_count_from_the_first_update(place: Place, removed: list[str]) -> None:
    for name, since in (("old", "2026-01-01T00:00:00.000Z"), ("new", FUTURE)):
        place.deploy(name, [*a_workspace(name), an_expiry(name, after="7d", since=since)])

    assert main(["expire", "--yes"]) == 0
    assert removed == ["old"]
