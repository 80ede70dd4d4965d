"""A soft-deleted stack is destroyed only by a purge."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.clients.engine import soft_deletions
from infra.clients.engine.soft_deletions import SoftDeletion
from infra.clients.state import removal, stack_states
from infra.errors import DataRemovalError
from infra.host import processes
from infra.resources.change_guard import ChangeGuardProvider
from infra.resources.soft_deletion import SoftDeletionProvider

WORKSPACE_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw"
PROPS = {"stack": "dev", "stack_id": "1a", "workspace_id": WORKSPACE_ID, "retention_days": 14.0}
DELETED = SoftDeletion(
    stack_id="1a",
    stack="dev",
    made_by="ada@host",
    workspace_id=WORKSPACE_ID,
    deleted_on=datetime(2026, 1, 1, tzinfo=UTC),
    kept_until=datetime(2026, 1, 15, tzinfo=UTC),
)


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_guards", None)
    monkeypatch.setattr(stack_states, "deployed", lambda **_: [])
    monkeypatch.setattr(processes, "program_of", lambda _: "pulumi-cli")
    monkeypatch.setattr(processes, "arguments_of", lambda _: ["pulumi", "up"])
    monkeypatch.setattr(soft_deletions, "list_all", lambda: [])


def _program(*, olds: str = "", news: str = "") -> list[str]:
    """Register a program's guard for a workspace that is, or was, soft-deleted; returns the rejections."""
    base: dict[str, Any] = {"project": "p", "stack": "dev", "resources": {}, "allowed": []}
    result = ChangeGuardProvider().check({"soft_delete": olds}, {**base, **({"soft_delete": news} if news else {})})
    return [failure.reason for failure in result.failures]


def _delete() -> None:
    SoftDeletionProvider().delete("1a", dict(PROPS))


def test_a_destroy_is_refused_with_the_way_that_keeps_the_data() -> None:
    with pytest.raises(DataRemovalError, match=r"kept for 14 days.*Nothing was removed\. Run `make down STACK=dev`"):
        _delete()


def test_a_purge_of_this_stack_and_of_no_other_may_destroy_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_PURGE", "2b")
    with pytest.raises(DataRemovalError):
        _delete()

    monkeypatch.setenv("MLW_PURGE", "1a")
    _delete()


def test_an_update_without_the_setting_removes_it() -> None:
    assert _program(olds=WORKSPACE_ID) == []

    _delete()


def test_an_update_with_the_setting_does_not() -> None:
    assert _program(olds=WORKSPACE_ID, news=WORKSPACE_ID) == []

    with pytest.raises(DataRemovalError):
        _delete()


@pytest.mark.parametrize(("olds", "news"), [(WORKSPACE_ID, ""), ("", WORKSPACE_ID.upper())], ids=["it was", "it is"])
def test_nothing_is_created_for_a_soft_deleted_workspace(monkeypatch: pytest.MonkeyPatch, olds: str, news: str) -> None:
    monkeypatch.setattr(soft_deletions, "list_all", lambda: [DELETED])

    (refused,) = _program(olds=olds, news=news)

    assert "soft-deleted workspace exists: 'mlw' of stack 'dev' of ada@host was deleted on 2026-01-01" in refused
    assert "Please purge or recover it: `mlw deleted recover dev`, or `mlw deleted purge dev --yes`." in refused


def test_workspaces_of_two_groups_with_one_name_have_marks_of_their_own() -> None:
    other = soft_deletions.volume_of(WORKSPACE_ID.replace("/rg/", "/rg2/"), "2b" * 16)

    assert DELETED.volume.startswith("mlw-soft-deleted-")
    assert other.startswith("mlw-soft-deleted-")
    assert other != DELETED.volume
