"""Outputs of another stack, read at the moment of use."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from infra.clients.service_connection import ServiceConnection
from infra.clients.state import owner_credentials
from infra.errors import SecretStateError

KNOWN = {"storage": {"accessKey": "root", "secretKey": "word"}, "storage.stlake": {"accessKey": "lake"}}

_INITIALIZATION = {
    "type": "ml-workspace:keyvault:VaultInitialization",
    "outputs": {"unseal_key": {"4dabf18193072939515e22adb298388d": "1b47", "plaintext": '"the key"'}},
}
EXPORTED: dict[bool, Any] = {
    False: {"deployment": {"resources": [{"type": "pulumi:pulumi:Stack"}, _INITIALIZATION]}},
    True: {"deployment": {}},
}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """Respond with a fake CLI, and record its command lines."""
    commands: list[list[str]] = []

    def respond(command: list[str], **_more: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        broken = "--stack=broken" in command
        said = EXPORTED["--stack=bare" in command] if "export" in command else KNOWN
        return subprocess.CompletedProcess(command, int(broken), json.dumps(said), "error: incorrect passphrase\n")

    monkeypatch.setattr(subprocess, "run", respond)
    asked_once = (owner_credentials._credentials, owner_credentials._unseal_key)
    for function in asked_once:
        function.cache_clear()
    yield commands
    for function in asked_once:
        function.cache_clear()


@pytest.mark.parametrize(
    ("name", "found"), [("stlake", {"accessKey": "lake"}), ("stchurn", KNOWN["storage"])], ids=["additional", "own"]
)
def test_the_credentials_of_one_resource_are_returned(name: str, found: dict[str, str]) -> None:
    assert owner_credentials.credentials_of("prod", [f"storage.{name}", "storage"]) == found


def test_a_stack_is_read_once_in_a_run(asked: list[list[str]]) -> None:
    for _ in range(2):
        owner_credentials.credentials_of("prod", ["storage"])

    assert len(asked) == 1


def test_a_stack_without_outputs_is_named_with_the_command_to_run() -> None:
    with pytest.raises(SecretStateError, match=r"stack 'prod'.*has no key 'registry'.*make up STACK=prod"):
        owner_credentials.credentials_of("prod", ["registry"])


def test_an_undecryptable_state_is_reported_with_the_reason() -> None:
    with pytest.raises(SecretStateError, match=r"stack 'broken'.*incorrect passphrase"):
        owner_credentials.credentials_of("broken", ["storage"])


def test_a_connection_that_names_an_owner_has_the_owners_credentials_of_today() -> None:
    inputs: dict[str, Any] = {
        "endpoint": "http://127.0.0.1:1",
        "credentials": {},
        "ca_certificate": "",
        "owner": {"stack": "prod", "keys": ["storage"]},
    }

    assert ServiceConnection.of(inputs).credentials == KNOWN["storage"]
    assert ServiceConnection.of({**inputs, "owner": None}).credentials == {}


def test_the_unseal_key_is_read_from_the_owners_state_once(asked: list[list[str]]) -> None:
    assert [owner_credentials.unseal_key_of("prod") for _ in range(2)] == ["the key"] * 2
    assert len(asked) == 1


def test_a_stack_without_a_key_vault_is_named() -> None:
    with pytest.raises(SecretStateError, match=r"stack 'bare'.*no unseal key"):
        owner_credentials.unseal_key_of("bare")
