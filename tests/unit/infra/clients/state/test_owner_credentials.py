"""Outputs of another stack, read at the moment of use."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.clients.service_connection import ServiceConnection
from infra.clients.state import owner_credentials, passphrase_cipher
from infra.clients.state.passphrase_cipher import PassphraseCipher, make_salt
from infra.clients.state.state_secrets import SECRET_KEY
from infra.errors import SecretStateError

KNOWN = {"storage": {"accessKey": "root", "secretKey": "word"}, "storage.stlake": {"accessKey": "lake"}}


def secret(value: object, **more: str) -> dict[str, str]:
    return {SECRET_KEY: "1b47", "plaintext": json.dumps(value), **more}


def resources(credentials: dict[str, str], key: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"type": "pulumi:pulumi:Stack", "outputs": {"credentials": credentials}},
        {"type": "ml-workspace:keyvault:VaultInitialization", "outputs": {"unseal_key": key}},
    ]


EXPORTED: dict[bool, Any] = {
    False: {"deployment": {"resources": resources(secret(KNOWN), secret("the key"))}},
    True: {"deployment": {}},
}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[list[str]]]:
    """Respond with a fake CLI, and record its command lines; the backend has no stack."""
    commands: list[list[str]] = []
    monkeypatch.setenv("MLW_HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")

    def respond(command: list[str], **_more: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        broken = "--stack=broken" in command
        said = json.dumps(EXPORTED["--stack=bare" in command])
        return subprocess.CompletedProcess(command, int(broken), said, "error: incorrect passphrase\n")

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


@pytest.fixture
def salt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The state of `prod` is a file with secrets under the passphrase `mine`."""
    monkeypatch.setattr(passphrase_cipher, "_ROUNDS", 1)
    cipher = PassphraseCipher.of(salt := make_salt("mine"), "mine")
    sealed = [secret("", ciphertext=cipher.encrypt(json.dumps(value))) for value in (KNOWN, "the key")]
    providers = {"type": "passphrase", "state": {"salt": salt}}
    latest = {"resources": resources(*sealed), "secrets_providers": providers}
    state = tmp_path / ".pulumi" / "stacks" / "ml-workspace" / "prod.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))
    return salt


@pytest.mark.usefixtures("salt")
def test_a_state_that_is_a_file_is_read_without_the_cli(
    monkeypatch: pytest.MonkeyPatch, asked: list[list[str]]
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")

    assert owner_credentials.credentials_of("prod", ["storage"]) == KNOWN["storage"]
    assert owner_credentials.unseal_key_of("prod") == "the key"
    assert asked == []


@pytest.mark.usefixtures("salt")
def test_another_passphrase_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")

    with pytest.raises(SecretStateError, match=r"stack 'prod'.*passphrase is not the one of its state"):
        owner_credentials.credentials_of("prod", ["storage"])
