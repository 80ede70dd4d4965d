"""`mlw keys rotate`: what a state says that can be rotated, and what a choice rotates."""

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mlw.command import FAILED, INTERRUPTED
from mlw.keys.rotate_keys import Choice, chosen, subjects_of
from mlw.lifecycle import stack_commands
from mlw.lifecycle.lifecycle_errors import OperationCancelledError
from mlw.main import main
from mlw.stacks.stacks import Stack
from tests.unit.states import Place, a_lock, a_workspace


def resource(kind: str, name: str, rotates: str) -> dict[str, Any]:
    type_ = f"ml-workspace:secrets:{kind}"
    urn = f"urn:pulumi:dev::ml-workspace::x${type_}::{name}"
    return {"type": type_, "urn": urn, "inputs": {"rotates": rotates}}


STATE = [
    resource("GeneratedSecrets", "stchurn-keys", "service/storage"),
    resource("GeneratedSecrets", "stlake-keys", "service/storage"),
    resource("GeneratedSecrets", "crchurn-admin", "service/registry"),
    resource("GeneratedSecrets", "mlw-churn-principal-dora", "principal/dora"),
    resource("GeneratedSecrets", "mlw-churn-principal-some-admin", "principal/some-admin"),
    resource("VaultConfiguration", "kv-churn-configuration", "service/keyVault"),
    {"type": "pulumi:pulumi:Stack", "urn": "urn:stack"},
]


def test_services_are_those_that_the_stack_makes_credentials_of() -> None:
    assert subjects_of(STATE, "service") == {
        "storage": "service/storage",
        "registry": "service/registry",
        "keyVault": "service/keyVault",
    }


def test_principals_are_known_by_their_names() -> None:
    assert subjects_of(STATE, "principal") == {"dora": "principal/dora", "some-admin": "principal/some-admin"}


@pytest.fixture
def rotated() -> Callable[[Choice], dict[str, str]]:
    """What a choice rotates, with what is said about it."""
    state = [
        *STATE,
        resource("ServerCertificates", "rg-certificates", "service/certificates"),
        resource("CertificateAuthority", "rg-authority", "service/authority"),
    ]
    stack = cast("Stack", SimpleNamespace(name="dev", checkpoint=SimpleNamespace(resources=state)))
    return lambda choice: chosen(stack, choice)


def test_what_clients_notice_is_said_of_a_service(rotated: Callable[[Choice], dict[str, str]]) -> None:
    (said,) = rotated(Choice(service="storage")).values()

    assert said.startswith("service 'storage' (its container restarts")


def test_a_sharer_restarts_nothing_in_the_account_of_another_stack() -> None:
    users = {"type": "ml-workspace:storage:StoragePrincipals", "urn": "urn:users", "inputs": {"sharer": {"x": 1}}}
    stack = cast("Stack", SimpleNamespace(name="dev", checkpoint=SimpleNamespace(resources=[*STATE, users])))

    (said,) = chosen(stack, Choice(service="storage")).values()

    assert said == "service 'storage' (its clients need the new keys)"


def test_the_authority_is_rotated_by_name_only(rotated: Callable[[Choice], dict[str, str]]) -> None:
    """No client would trust any endpoint any more."""
    assert set(rotated(Choice(service="authority"))) == {"service/authority"}
    assert {"service/certificates", "service/storage", "principal/dora"} <= set(rotated(Choice(everything=True)))
    assert "service/authority" not in rotated(Choice(everything=True))


def test_an_interrupted_update_ends_as_every_interruption(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    masks = []

    def interrupted(_context: object) -> None:
        masks.append(os.umask(0o077))
        raise OperationCancelledError("running 'pulumi up' of stack 'dev': interrupted")

    place.deploy("dev", [*a_workspace("dev"), resource("GeneratedSecrets", "crdev-admin", "service/registry")])
    monkeypatch.setattr(stack_commands, "up", interrupted)

    assert main(["keys", "rotate", "dev", "--service", "registry"]) == INTERRUPTED

    printed = capsys.readouterr()
    assert printed.err == "mlw: running 'pulumi up' of stack 'dev': interrupted\n"
    assert "Changed" not in printed.out
    assert masks == [0o077], "what the update writes is nobody else's"


def test_keys_of_a_stack_that_is_locked_against_changes_stay(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Azure documentation, "Lock resources": a read-only lock refuses POST requests, which make new keys."""
    place.deploy("dev", [*a_workspace("dev"), a_lock("dev", "ReadOnly")])

    assert main(["keys", "rotate", "dev", "--all"]) == FAILED

    assert "rotating keys of stack 'dev': ScopeLocked: " in capsys.readouterr().err
