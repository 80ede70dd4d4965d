"""A deletion that keeps: what is freed, what stays, and what stops it."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from infra.clients.engine import soft_deletions
from infra.clients.engine.soft_deletions import SoftDeletion
from infra.clients.state import known_stacks
from infra.errors import SharedResourceError
from mlw.lifecycle import down, removal_notes, soft_deleting, state_files
from mlw.lifecycle.lifecycle_errors import LifecycleError, SoftDeletedError
from mlw.lifecycle.object_comparison import EngineObject
from mlw.stacks.stacks import context_of
from tests.unit.mlw.lifecycle.test_recovery import FakeEngine
from tests.unit.states import (
    VALID,
    Heard,
    Place,
    a_soft_deletion,
    a_workspace,
    resource_id,
    stack_id,
)

WITH_SETTING = VALID + "  ml-workspace:workspace: {softDeleteRetentionInDays: 14}\n"


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch) -> dict[str, SoftDeletion]:
    """What the engine says is soft-deleted."""
    found: dict[str, SoftDeletion] = {}
    monkeypatch.setattr(soft_deletions, "mark", lambda one: found.setdefault(one.stack_id, one))
    monkeypatch.setattr(soft_deletions, "find", found.get)
    return found


@pytest.fixture
def held(place: Place) -> FakeEngine:
    """What the engine holds of the stack: all that its state knows."""
    place.deploy("churn", a_workspace("churn"))
    checkpoint = state_files.read(context_of("churn"))
    assert checkpoint is not None
    return FakeEngine(present=[EngineObject(one.kind, one.id, one.name) for one in checkpoint.docker_objects()])


def take_down(held: FakeEngine) -> str:
    heard = Heard()
    down.down(context_of("churn"), say=heard, engine=held)
    return heard.text


def test_what_uses_the_machine_goes_and_data_and_state_stay(
    place: Place, marks: dict[str, SoftDeletion], held: FakeEngine
) -> None:
    place.configure("churn", WITH_SETTING)
    state = place.deploy("churn", [*a_workspace("churn"), a_soft_deletion("churn")])
    before = state.read_bytes()

    told = take_down(held)

    deletion = marks[stack_id("churn")]
    assert (deletion.kept_until - deletion.deleted_on).days == 14
    assert Counter(item.kind for item in held.removed) == {"container": 4, "network": 1}
    assert set(held.stopped) == set(held.removed)
    assert state.read_bytes() == before
    assert (context_of("churn").safe_copies / "Pulumi.churn.yaml").read_text() == WITH_SETTING
    assert known_stacks.kept_until(stack_id("churn"))
    assert "storage account 'stchurn'" in told
    assert "volumes       none; 4 kept" in told
    assert "Stack 'churn' is deleted, and kept." in told


def test_a_protected_key_vault_is_said_to_hold_the_purge(
    place: Place, marks: dict[str, SoftDeletion], held: FakeEngine
) -> None:
    resources = a_workspace("churn")
    vault = next(one for one in resources if one["type"].endswith(":KeyVault"))
    vault["inputs"] |= {"enablePurgeProtection": True, "softDeleteRetentionInDays": 90.0}
    place.deploy("churn", [*resources, a_soft_deletion("churn")])

    told = take_down(held)

    assert "purge protection keeps it from being purged before" in told
    assert "purge churn --yes" not in told
    deletion = marks[stack_id("churn")]
    assert (deletion.kept_until - deletion.deleted_on).days == 90


def test_a_second_deletion_keeps_the_first_ones_days(
    place: Place, marks: dict[str, SoftDeletion], held: FakeEngine
) -> None:
    place.deploy("churn", [*a_workspace("churn"), a_soft_deletion("churn")])
    take_down(held)
    first = marks[stack_id("churn")]

    take_down(held)

    assert marks[stack_id("churn")] == first


def test_what_another_stack_uses_is_not_deleted(place: Place, marks: dict[str, SoftDeletion], held: FakeEngine) -> None:
    place.deploy("churn", [*a_workspace("churn"), a_soft_deletion("churn")])
    user = a_workspace("fraud")
    workspace = next(one for one in user if one["type"].endswith(":Workspace"))
    workspace["inputs"]["keyVault"] = resource_id("churn", "keyVault")
    place.deploy("fraud", user)

    with pytest.raises(SharedResourceError, match="'kv-churn' by stack 'fraud'"):
        take_down(held)

    assert (marks, held.removed) == ({}, [])


def test_a_setting_that_no_update_has_applied_keeps_everything(
    place: Place, marks: dict[str, SoftDeletion], held: FakeEngine
) -> None:
    """The file asks for the data to be kept, and a deletion at once would lose it."""
    place.configure("churn", WITH_SETTING)
    place.deploy("churn")

    with pytest.raises(LifecycleError, match=r"no `make up` has applied it yet.*Nothing was removed\."):
        take_down(held)

    assert (marks, held.removed) == ({}, [])


def test_a_purge_that_was_killed_may_be_finished_by_down(place: Place) -> None:
    """What keeps the stack goes first, so its file asks for what its state no longer has."""
    place.configure("churn", WITH_SETTING)
    place.deploy("churn")
    context = context_of("churn")
    removal_notes.begin(context, stack_id("churn"), purge=True)
    checkpoint = state_files.read(context)

    assert checkpoint is not None
    soft_deleting.refuse_unapplied(context, checkpoint)


@pytest.mark.parametrize(
    "text",
    [
        VALID,
        VALID + "  ml-workspace:keyVault: {softDeleteRetentionInDays: 14}\n",
        VALID + "  ml-workspace:workspace: {softDeleteRetentionInDays: 0}\n",
        "config: [softDeleteRetentionInDays\n",
    ],
    ids=["none", "of the key vault", "off", "no YAML"],
)
def test_a_file_that_does_not_ask_for_it_changes_nothing(place: Place, text: str) -> None:
    place.configure("churn", text)
    place.deploy("churn")
    checkpoint = state_files.read(context_of("churn"))

    assert checkpoint is not None
    assert not soft_deleting.keeps(checkpoint)
    soft_deleting.refuse_unapplied(context_of("churn"), checkpoint)


def test_a_soft_deleted_stack_is_refused_by_its_present_name(place: Place, marks: dict[str, SoftDeletion]) -> None:
    place.deploy("churn", [*a_workspace("churn"), a_soft_deletion("churn")])
    context = context_of("churn")
    soft_deleting.refuse(context, state_files.read(context), "bringing up")
    marks[stack_id("churn")] = SoftDeletion(
        stack_id=stack_id("churn"),
        stack="old-name",
        made_by="ada@host",
        workspace_id=resource_id("churn", "workspace"),
        deleted_on=datetime(2026, 1, 1, tzinfo=UTC),
        kept_until=datetime(2026, 1, 15, tzinfo=UTC),
    )

    with pytest.raises(
        SoftDeletedError, match="bringing up stack 'churn': soft-deleted workspace exists: 'mlw-churn' of"
    ):
        soft_deleting.refuse(context, state_files.read(context), "bringing up")
