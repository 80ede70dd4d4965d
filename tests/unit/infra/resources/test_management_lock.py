"""A lock is deleted only by an update whose stack file no longer has it."""

from typing import Any

import pytest

from infra.clients.state import removal, stack_states
from infra.errors import ScopeLockedError
from infra.host import processes
from infra.resources.change_guard import ChangeGuardProvider
from infra.resources.management_lock import ManagementLockProvider

GROUP_ID = "/subscriptions/s/resourceGroups/rg"
LOCK = {"name": "Keep", "level": "CanNotDelete", "notes": "", "scope": GROUP_ID, "stack": "dev"}
FROZEN = {"name": "frozen", "level": "ReadOnly", "notes": ""}


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has served no run yet, on a stack without further files."""
    monkeypatch.setattr(removal, "_guards", None)
    monkeypatch.setattr(stack_states, "deployed", lambda **_: [])
    _command(monkeypatch, "up", "--yes")


def _command(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(processes, "program_of", lambda _: "pulumi-cli")
    monkeypatch.setattr(processes, "arguments_of", lambda _: ["pulumi", *words])


def _program(
    *locks: dict[str, str], olds: dict[str, Any] | None = None, **more: object
) -> tuple[dict[str, Any], list[str]]:
    """Register a program's guard; returns the stored inputs and the rejections."""
    news = {"project": "p", "stack": "dev", "resources": {}, "allowed": [], "locks": list(locks), **more}
    result = ChangeGuardProvider().check(olds or {}, news)
    return result.inputs, [failure.reason for failure in result.failures]


def _delete() -> None:
    ManagementLockProvider().delete("id", dict(LOCK))


def test_its_id_is_an_azure_id() -> None:
    made = ManagementLockProvider().create(dict(LOCK))

    assert made.id == f"{GROUP_ID}/providers/Microsoft.Authorization/locks/Keep"


def test_it_stays_in_a_run_without_a_program() -> None:
    with pytest.raises(ScopeLockedError, match=r"ScopeLocked: .*'Keep' \(CanNotDelete\).*Nothing was changed"):
        _delete()


def test_it_is_deleted_by_an_update_that_no_longer_declares_it() -> None:
    _program(FROZEN)

    _delete()


def test_it_stays_while_the_program_declares_it_in_any_case() -> None:
    _program({**LOCK, "name": "KEEP"})

    with pytest.raises(ScopeLockedError):
        _delete()


@pytest.mark.parametrize("verb", ["destroy", "down", "dn"])
def test_it_stays_in_a_destroy_that_runs_the_program(monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    _command(monkeypatch, verb, "--yes", "--run-program")
    _program()

    with pytest.raises(ScopeLockedError):
        _delete()


def test_the_guard_rejects_a_change_without_a_readable_state() -> None:
    olds = {"resources": {}, "locks": [FROZEN], "configuration": {"tls": "a"}}

    assert _program(olds=olds, configuration={"tls": "a"})[1] == []
    (refused,) = _program(olds=olds, configuration={"tls": "b"})[1]
    assert "it would change 'tls'" in refused


def test_the_guard_keeps_a_configuration_only_while_it_is_locked() -> None:
    assert "configuration" in _program(FROZEN, configuration={"tls": "a"})[0]
    assert "configuration" not in _program(LOCK, configuration={"tls": "a"})[0]


@pytest.mark.parametrize(
    ("words", "variables", "told"),
    [
        (["up", "--replace=urn:x"], {}, ["--replace"]),
        (["up", "--target-replace", "urn:x"], {}, ["--target-replace"]),
        (["up"], {"PULUMI_OPTION_REPLACE": "urn:x"}, ["--replace"]),
        (["up"], {"MLW_ROTATE": "service/storage:1"}, ["rotation of keys"]),
        (["up", "--target=urn:x"], {}, []),
    ],
)
def test_actions_of_a_run_are_found(
    monkeypatch: pytest.MonkeyPatch, words: list[str], variables: dict[str, str], told: list[str]
) -> None:
    _command(monkeypatch, *words)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert removal.actions_asked_for() == told
