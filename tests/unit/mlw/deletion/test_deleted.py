"""`mlw deleted`: what is listed, what cannot be purged yet, what cannot be brought back any more."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.clients.engine import soft_deletions
from infra.clients.engine.soft_deletions import SoftDeletion
from mlw.deletion import deleted_stacks
from mlw.deletion.deleted_stacks import NotDeletedError, PurgeProtectedError, purge
from mlw.lifecycle import engine_objects, removal_notes, stack_commands
from mlw.lifecycle.recovery import Recovery
from mlw.lifecycle.stack_context import Context
from mlw.main import main
from mlw.stacks.stacks import context_of
from tests.unit.states import Place, a_soft_deletion, a_workspace, an_expiry, resource_id, stack_id

NOW = datetime.now(UTC)
LATER, EARLIER = NOW + timedelta(days=14), NOW - timedelta(days=1)


def a_deletion(stack: str = "churn", kept_until: datetime = LATER) -> SoftDeletion:
    return SoftDeletion(
        stack_id=stack_id(stack),
        stack=stack,
        made_by="ada@host",
        workspace_id=resource_id(stack, "workspace"),
        deleted_on=NOW - timedelta(days=2),
        kept_until=kept_until,
    )


@pytest.fixture
def deletions(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[SoftDeletion]:
    """What the engine says is soft-deleted."""
    found: list[SoftDeletion] = []
    monkeypatch.setattr(soft_deletions, "list_all", lambda: found)
    monkeypatch.setattr(soft_deletions, "find", lambda one: next((d for d in found if d.stack_id == one), None))
    monkeypatch.setattr(engine_objects, "list_owners", lambda **_: [])
    place.deploy("live")
    deploy(place)
    return found


def deploy(place: Place, stack: str = "churn", *more: dict[str, Any], protected: bool = False) -> None:
    resources = a_workspace(stack)
    vault = next(one for one in resources if one["type"].endswith(":KeyVault"))
    vault["inputs"]["enablePurgeProtection"] = protected
    place.deploy(stack, [*resources, a_soft_deletion(stack), *more])


@pytest.fixture
def purged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stacks that were removed for good."""
    names: list[str] = []

    def remove(context: Context, _stack_id: str) -> tuple[Any, Any]:
        names.append(context.stack)
        return None, None

    monkeypatch.setattr(deleted_stacks, "_remove", remove)
    monkeypatch.setattr("mlw.lifecycle.down.tell", lambda *_: None)
    return names


def test_the_list_has_those_of_this_backend_and_names_others(
    deletions: list[SoftDeletion], capsys: pytest.CaptureFixture[str]
) -> None:
    deletions += [a_deletion(), replace(a_deletion("fraud"), stack_id="elsewhere")]

    assert main(["deleted", "list"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[1].split()[:2] == ["churn", "mlw-churn"]
    assert shown.splitlines()[1].endswith("allowed")
    assert "Of another home or backend: 'mlw-fraud' of stack 'fraud' of ada@host, soft-deleted and kept until" in shown

    assert main(["deleted", "list", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["stack"], entry["workspace"], entry["purge"]) == ("churn", "mlw-churn", "allowed")
    assert "key vault 'kv-churn'" in entry["kept"]


def test_an_empty_list_says_so(deletions: list[SoftDeletion], capsys: pytest.CaptureFixture[str]) -> None:
    assert deletions == []
    assert main(["deleted", "list"]) == 0
    assert capsys.readouterr().out == "No soft-deleted workspaces in this state backend.\n"


def test_a_purge_says_first_what_would_be_lost(
    deletions: list[SoftDeletion], purged: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    deletions.append(a_deletion())

    assert main(["deleted", "purge", "churn"]) == 1
    assert "storage account 'stchurn'" in (told := capsys.readouterr().err)
    assert "Nothing was removed. Run it again with --yes" in told
    assert purged == []

    assert main(["deleted", "purge", "churn", "--yes"]) == 0
    assert purged == ["churn"]


@pytest.mark.parametrize(
    "words", [["recover", "live"], ["purge", "live", "--yes"], ["purge", "live"], ["recover", "no"]]
)
def test_what_is_not_soft_deleted_is_left_alone(
    deletions: list[SoftDeletion], purged: list[str], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    deletions.append(a_deletion())

    assert main(["deleted", *words]) == 1

    assert "it is not soft-deleted. `mlw deleted list` shows soft-deleted stacks." in capsys.readouterr().err
    assert purged == []


def test_purge_protection_holds_until_the_days_are_over(
    place: Place, deletions: list[SoftDeletion], purged: list[str]
) -> None:
    deploy(place, protected=True)
    deletions.append(a_deletion())

    with pytest.raises(PurgeProtectedError, match="key vault has purge protection"):
        purge(context_of("churn"))
    assert purged == []

    purge(context_of("churn"), now=LATER + timedelta(seconds=1))
    assert purged == ["churn"]


def test_a_stack_whose_days_are_not_over_is_purged_only_when_asked_for(
    deletions: list[SoftDeletion], purged: list[str]
) -> None:
    deletions.append(a_deletion())

    with pytest.raises(NotDeletedError, match="it was changed meanwhile and was not purged"):
        purge(context_of("churn"), early=False)

    assert purged == []


def test_what_a_purge_has_begun_cannot_be_brought_back(
    place: Place, deletions: list[SoftDeletion], capsys: pytest.CaptureFixture[str]
) -> None:
    """The guard goes first, so the state no longer says that there may be a soft deletion."""
    place.deploy("churn")
    deletions.append(a_deletion())
    removal_notes.begin(context_of("churn"), stack_id("churn"), purge=True)

    assert main(["deleted", "recover", "churn"]) == 1
    assert "its purge has begun" in capsys.readouterr().err
    assert main(["deleted", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("begun")


def test_a_purge_that_failed_before_it_removed_anything_can_be_undone(
    deletions: list[SoftDeletion], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a wrong passphrase, or an owner that is down: what keeps the stack is still in its state."""
    brought_up: list[str] = []
    monkeypatch.setattr(stack_commands, "up", lambda context: brought_up.append(context.stack))
    monkeypatch.setattr(Recovery, "require_passphrase", lambda *_: None)
    monkeypatch.setattr(soft_deletions, "unmark", lambda _: deletions.clear())
    deletions.append(a_deletion())
    removal_notes.begin(context_of("churn"), stack_id("churn"), purge=True)

    assert main(["deleted", "recover", "churn"]) == 0

    assert (brought_up, deletions) == (["churn"], [])
    assert removal_notes.stacks_of(context_of("churn").backend_id) == []


def test_a_removal_by_expiry_that_was_killed_is_no_purge(
    deletions: list[SoftDeletion], capsys: pytest.CaptureFixture[str]
) -> None:
    deletions.append(a_deletion())
    removal_notes.begin(context_of("churn"), stack_id("churn"))

    assert main(["expire"]) == 0

    assert "Nothing has expired." in capsys.readouterr().out
    assert removal_notes.purged_identity(context_of("churn"), None) == ""


class TestExpire:
    """`mlw expire` heeds the days of what is soft-deleted, and nothing else of it."""

    @pytest.fixture
    def expired(self, place: Place) -> Callable[[], int]:
        deploy(place, "churn", an_expiry("churn", on="2026-01-01"))
        return lambda: main(["expire", "--yes"])

    def test_it_is_kept_for_its_days_although_it_has_expired(
        self, deletions: list[SoftDeletion], purged: list[str], expired: Callable[[], int]
    ) -> None:
        deletions.append(a_deletion())

        assert expired() == 0
        assert purged == []

    def test_it_is_purged_when_they_are_over(
        self, deletions: list[SoftDeletion], purged: list[str], expired: Callable[[], int]
    ) -> None:
        deletions.append(a_deletion(kept_until=EARLIER))

        assert expired() == 0
        assert purged == ["churn"]

    def test_before_its_deletion_the_list_says_that_it_is_kept(
        self, place: Place, deletions: list[SoftDeletion], capsys: pytest.CaptureFixture[str]
    ) -> None:
        deploy(place, "churn", an_expiry("churn", on="2026-01-01"))

        assert main(["expire"]) == 0
        assert deletions == []
        assert "is soft-deleted, and keeps for its days: storage account" in capsys.readouterr().out

    def test_what_was_kept_is_not_told_as_removed(
        self,
        deletions: list[SoftDeletion],
        expired: Callable[[], int],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr("mlw.lifecycle.down.down", lambda *_, **__: deletions.append(a_deletion()))

        assert expired() == 0

        shown = capsys.readouterr().out
        assert "Removed: nothing." in shown
        assert "Soft-deleted and kept for their retention: churn." in shown
