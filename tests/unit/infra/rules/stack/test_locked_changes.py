"""What a stack's existing locks forbid, even if its file no longer has them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from infra.rules.resources.component_types import RESOURCE_GROUP, STORAGE_ACCOUNT
from infra.rules.stack.locked_changes import CHANGE, DELETION, AcceptedStack, check_locked, refusal
from infra.rules.stack.stack_changes import resource_key

GROUP_ID = "/subscriptions/s/resourceGroups/rg-churn"
KEEP = {"name": "keep", "level": "CanNotDelete", "notes": "ask Ada"}
FROZEN = {"name": "frozen", "level": "ReadOnly", "notes": ""}


def stack(
    *accounts: str, locks: tuple[dict[str, str], ...] = (), sku: str = "LRS", keys: Mapping[str, str] | None = None
) -> AcceptedStack:
    """A stack with a default account and additional ones; ``keys`` is what else is configured."""
    group = {"name": "rg-churn", "resourceId": GROUP_ID}
    resources: dict[str, Any] = {"resourceGroup": {"type": RESOURCE_GROUP, "properties": group}}
    for index, name in enumerate(accounts):
        role = "additional" if index else "default"
        props = {"name": name, "resourceId": f"{GROUP_ID}/{name}", "role": role, "sku": f"Standard_{sku}"}
        resources[resource_key(STORAGE_ACCOUNT, props)] = {"type": STORAGE_ACCOUNT, "properties": props}
    return AcceptedStack(locks=locks, resources=resources, configuration=keys or {})


def rules(
    before: AcceptedStack, wanted: AcceptedStack, *, allowed: tuple[str, ...] = (), actions: tuple[str, ...] = ()
) -> list[str]:
    return [found.rule for found in check_locked(before, wanted, allowed=allowed, actions=actions)]


def test_without_a_lock_nothing_is_forbidden() -> None:
    assert (
        rules(
            stack("st", "lake", keys={"tags": "a"}),
            stack("st", keys={"tags": "b"}),
            allowed=("lake",),
            actions=("--replace",),
        )
        == []
    )


@pytest.mark.parametrize("lock", [KEEP, FROZEN], ids=["CanNotDelete", "ReadOnly"])
@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        pytest.param(stack("st"), ("lake",), id="left out"),
        pytest.param(stack("st", "lake", sku="ZRS"), ("st", "lake"), id="replaced"),
        pytest.param(stack("other", "lake"), ("st",), id="renamed"),
    ],
)
def test_nothing_is_deleted_that_the_stack_allows_to_be_replaced(
    lock: dict[str, str], wanted: AcceptedStack, allowed: tuple[str, ...]
) -> None:
    assert set(rules(stack("st", "lake", locks=(lock,)), wanted, allowed=allowed)) == {DELETION}


def test_a_rejected_value_is_not_reported_twice() -> None:
    assert rules(stack("st", "lake", locks=(KEEP,)), stack("st")) == []


def test_the_lock_of_the_state_counts_when_the_file_no_longer_has_it() -> None:
    assert rules(stack("st", locks=(FROZEN,), keys={"tags": "a"}), stack("st", keys={"tags": "b"})) == [CHANGE]


def test_a_lock_against_deletion_allows_changes() -> None:
    assert (
        rules(stack("st", locks=(KEEP,), keys={"tags": "a"}), stack("st", keys={"tags": "b"}), actions=("--replace",))
        == []
    )


def test_locks_alone_may_change() -> None:
    assert rules(stack("st", locks=(FROZEN,), keys={"tags": "a"}), stack("st", locks=(KEEP,), keys={"tags": "a"})) == []


def test_a_lock_against_changes_names_the_changes_and_the_remedy() -> None:
    (found,) = check_locked(
        stack("st", locks=(FROZEN, KEEP), keys={"workspace.tags": "a", "tls": "a"}),
        stack("st", keys={"workspace.tags": "b", "limits": "c"}),
        allowed=(),
        actions=("--replace",),
    )

    assert "ScopeLocked" in found.message
    assert f"'{GROUP_ID}' cannot perform write operation" in found.message
    assert "'frozen' (ReadOnly), 'keep' (CanNotDelete, 'ask Ada')" in found.message
    assert "it would change '--replace', 'limits', 'tls', 'workspace.tags'" in found.message
    assert "remove the lock from 'ml-workspace:resourceGroup.locks', run `make up`" in found.message


def test_many_changes_are_counted() -> None:
    before = stack("st", locks=(FROZEN,), keys={f"key{n}": "a" for n in range(10)})

    (found,) = check_locked(before, stack("st", keys={f"key{n}": "b" for n in range(10)}), allowed=())

    assert "'key7' and 2 more" in found.message


def test_error_of_a_command_names_stack_place_cause_and_remedy() -> None:
    message = refusal("taking stack 'churn' down", "churn", [{**KEEP, "scope": GROUP_ID}])

    assert message.startswith(f"taking stack 'churn' down: ScopeLocked: the scope '{GROUP_ID}' cannot perform delete")
    assert "'keep' (CanNotDelete, 'ask Ada'). Nothing was changed or deleted." in message
    assert message.endswith("in stacks/Pulumi.churn.yaml, run `make up STACK=churn`, and try again.")


def test_an_optional_service_is_not_switched_off_although_the_stack_allows_it() -> None:
    services = {"tracking": "mlw-churn-tracking"}
    on, off = replace(stack("st", locks=(KEEP,)), services=services), stack("st")

    assert rules(on, off, allowed=("mlw-churn-tracking",)) == [DELETION]
    assert rules(on, replace(off, services=services)) == []


def test_a_compute_is_not_deleted_whatever_its_case() -> None:
    locked, plain = replace(stack("st", locks=(KEEP,)), computes=["cpu", "Spot"]), stack("st")

    (found,) = check_locked(locked, replace(plain, computes=["CPU"]), allowed=())
    assert (found.rule, found.key) == (DELETION, "ml-workspace:computes")
    assert rules(locked, replace(plain, computes=["CPU", "spot", "more"])) == []
    assert rules(replace(locked, locks=()), plain) == []
