"""Management locks on the resource group: what they block, in every spelling, and how to remove them.

One workspace with data. Every blocked command leaves state, objects and data unchanged.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.environment import Environment
from tests.support.object_store import s3_client
from tests.support.processes import Finished
from tests.support.stacks import LiveStack, Stack, ephemeral_stack
from tests.support.updates import assert_unchanged

BUCKET, KEY = "azureml", "kept"
KEEP = {"name": "production", "level": "CanNotDelete", "notes": "ask Ada"}
ON, PROGRAM = "--continue-on-error", "--run-program"
FROZEN = {"name": "frozen", "level": "ReadOnly"}

Taken = tuple[dict[str, str | None], dict[str, frozenset[str]]]
"""URNs with the ids of their resources, and the objects on the engine."""


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace with a delete lock; the lock is removed at the end."""
    assignments = [{"principal": "dora", "role": "AzureML Data Scientist"}]
    with ephemeral_stack(environment, roleAssignments=assignments) as stack:
        try:
            lock(stack, KEEP)
            stack.up().check()
            live = LiveStack(stack=stack, outputs=stack.outputs())
            s3_client(live.outputs).put_object(Bucket=BUCKET, Key=KEY, Body=b"data")
            yield live
        finally:
            lock(stack)
            stack.up()


def lock(stack: Stack, *locks: dict[str, str], **changed: object) -> None:
    """Write the stack file with these locks."""
    stack.configure(resourceGroup={"locks": list(locks)}, **changed)


def resources(stack: Stack) -> list[dict[str, Any]]:
    """The resources in the state."""
    held: list[dict[str, Any]] = json.loads(stack.state_file.read_text())["checkpoint"]["latest"]["resources"]
    return held


def urn(stack: Stack, ending: str) -> str:
    """The first resource whose type ends so."""
    return next(str(resource["urn"]) for resource in resources(stack) if resource["type"].endswith(ending))


def assert_refused(live: LiveStack, finished: Finished, before: Taken) -> None:
    """Fail unless the lock blocked a command, with its notes, and nothing changed."""
    assert finished.exit_code != 0
    assert "goroutine " not in finished.output, f"the Pulumi CLI crashed:\n{finished.output}"
    assert "ScopeLocked" in finished.output
    assert "ask Ada" in finished.output
    assert "ml-workspace:resourceGroup.locks" in finished.output
    (held, objects), (held_before, objects_before) = taken(live), before
    assert held.items() ^ held_before.items() == set()
    assert objects == objects_before
    assert s3_client(live.outputs).get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"data"


def taken(live: LiveStack) -> Taken:
    """Everything that a blocked command must not change: resources and their ids, and the objects on the engine."""
    return {one["urn"]: one.get("id") for one in resources(live.stack)}, live.stack.objects().identities


def test_destroy_checks_the_lock_before_anything_else(live: LiveStack) -> None:
    """Resources that the lock does not depend on would be deleted in parallel."""
    held = {str(one["urn"]): one for one in resources(live.stack)}
    reached: set[str] = set()
    waiting = [name for name, one in held.items() if one["type"].endswith(":ManagementLock")]
    assert waiting
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            providers = [str(held[one].get("provider") or "").rpartition("::")[0]]
            named = [*(held[one].get("dependencies") or []), held[one].get("parent"), *providers]
            waiting += [name for name in named if name]

    assert set(held) - reached == set()


@pytest.mark.parametrize(
    ("of", "flags"),
    [
        pytest.param("", (), id="plain"),
        pytest.param("", (ON,), id="continue on error"),
        pytest.param("", (PROGRAM,), id="run program"),
        pytest.param("docker:index/container:Container", ("--target-dependents",), id="one container"),
        pytest.param(":ManagementLock", (), id="the lock"),
    ],
)
def test_a_bare_destroy_is_blocked(live: LiveStack, of: str, flags: tuple[str, ...]) -> None:
    before = taken(live)
    target = [f"--target={urn(live.stack, of)}"] if of else []

    refused = live.stack.pulumi("destroy", "--yes", "--skip-preview", *flags, *target)

    assert_refused(live, refused, before)


def test_down_is_blocked_although_the_file_no_longer_has_the_lock(live: LiveStack) -> None:
    before = taken(live)
    lock(live.stack)

    refusals = [
        live.stack.lifecycle("down"),
        *(live.stack.pulumi("destroy", "--yes", "--skip-preview", *flags) for flags in ((), (ON,), (PROGRAM,))),
    ]

    for refused in refusals:
        assert_refused(live, refused, before)


def test_no_destroy_goes_past_a_lock_that_the_file_no_longer_has(live: LiveStack) -> None:
    """Pulumi itself would, and leave a state that no command can read."""
    before = taken(live)
    lock(live.stack)

    refused = live.stack.pulumi("destroy", "--yes", "--skip-preview", ON, PROGRAM)

    assert refused.exit_code == 1
    assert "management lock" in refused.output
    assert taken(live) == before


def test_read_only_blocks_every_change_except_of_the_locks(live: LiveStack) -> None:
    lock(live.stack, KEEP, FROZEN)
    live.stack.up().check()
    before = taken(live)
    container = urn(live.stack, "container:Container")

    refusals = [
        live.stack.pulumi("up", "--yes", "--skip-preview", f"--replace={container}"),
        live.stack.pulumi("up", "--yes", "--skip-preview", f"--target-replace={container}"),
        live.stack.pulumi("up", "--yes", "--skip-preview", MLW_ROTATE="service/registry:1"),
        live.stack.environment.mlw("keys", "rotate", live.stack.name, "--service", "registry"),
    ]
    lock(live.stack, tags={**live.stack.settings["tags"], "project": "another"})
    refusals.append(live.stack.lifecycle("up"))

    for refused in refusals:
        assert_refused(live, refused, before)
    assert "'frozen' (ReadOnly)" in refusals[-1].output
    assert "'workspace.tags'" in refusals[-1].output


def test_locks_are_removed_by_an_update_that_changes_nothing_else(live: LiveStack) -> None:
    lock(live.stack, KEEP, FROZEN)
    live.stack.up().check()
    assert_unchanged(live.stack.up())

    lock(live.stack)
    removed = live.stack.up().check()

    assert dict(removed.operations)["delete"] == 2, dict(removed.operations)
    assert not [one for one in resources(live.stack) if one["type"].endswith(":ManagementLock")]
    lock(live.stack, KEEP)
    live.stack.up().check()
