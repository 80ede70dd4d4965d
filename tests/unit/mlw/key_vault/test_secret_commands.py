"""What `mlw secrets show` and `mlw keys show --principal` print of what a key vault holds."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from mlw.command import DONE, FAILED
from mlw.key_vault import secret_commands, vault_access
from mlw.main import main
from tests.unit.states import Place

METADATA = {"created_time": "2026-11-29T12:00:00Z", "destroyed": False}
KEPT: Mapping[str, Mapping[str, Any]] = {
    "secret/metadata/team/token": {"versions": {"1": {**METADATA, "deletion_time": ""}}},
    "secret/data/team/token": {"data": {"value": "line one\nline two"}},
    "secret/metadata/team/login": {"versions": {"3": {**METADATA, "deletion_time": ""}}},
    "secret/data/team/login": {"data": {"user": "ana", "password": "p"}},
    "secret/metadata/old": {"versions": {"1": {**METADATA, "deletion_time": "2026-11-29T13:00:00.123456789Z"}}},
    "principals/data/ana": {"data": {"keyVaultUsername": "ana", "keyVaultPassword": "pw"}},
}
LISTED = {"secret/metadata/": ["old", "team/"], "secret/metadata/team/": ["login", "token"]}


class FakeVault:
    """Holds what is in :data:`KEPT`."""

    def read(self, path: str) -> Mapping[str, Any] | None:
        return KEPT.get(path)

    def list(self, path: str) -> list[str]:
        return LISTED.get(path, [])


class FakeAccess:
    """Connects to the vault above."""

    @contextmanager
    def connected(self, _doing: str) -> Iterator[FakeVault]:
        yield FakeVault()


@pytest.fixture(autouse=True)
def _vault(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deploy("churn")
    monkeypatch.setattr(secret_commands, "access", lambda _stack: FakeAccess())
    monkeypatch.setattr(vault_access, "access", lambda _stack: FakeAccess())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("team/token", "line one\nline two\n"),
        ("team/token -o tsv", "line one\\nline two\n"),
        ("team/login --query user", "ana\n"),
        ("team/login -o yaml", "user: ana\npassword: p\n"),
    ],
)
def test_a_secret_is_printed(words: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", "show", "churn", *words.split()]) == DONE

    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("old", "it was deleted on 2026-11-29. Recover it with `mlw secrets recover churn old`."),
        ("team/tokn", "no such secret. Did you mean 'team/token' or 'team/login'? `mlw secrets list` shows all."),
        ("team/login", "it has no field 'value'; fields: password, user. Print all of them with `-o json`, one with "),
    ],
)
def test_a_secret_that_cannot_be_printed_is_named(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", "show", "churn", name]) == FAILED

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"mlw: reading secret '{name}': {message}")


def held_by(*principals: str) -> dict[str, Any]:
    """Outputs of a stack with these principals."""
    assignments = [{"principal": name, "role": "Reader", "vaultPath": f"principals/{name}"} for name in principals]
    return {"roleAssignments": assignments}


@pytest.fixture
def _principals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlw.stacks.stacks.Stack.require_outputs", lambda _stack: held_by("ana", "bea"))


@pytest.mark.usefixtures("_principals")
def test_credentials_of_a_principal_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "churn", "--principal", "ana"]) == DONE

    assert json.loads(capsys.readouterr().out) == KEPT["principals/data/ana"]["data"]


@pytest.mark.usefixtures("_principals")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("anna", "no such principal in stack 'churn'. Did you mean 'ana'? Principals: ana, bea."),
        ("bea", "the key vault has no 'principals/bea'. Run `make up STACK=churn`, which writes it."),
    ],
)
def test_a_principal_without_credentials_is_named(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "show", "churn", "--principal", name]) == FAILED

    assert capsys.readouterr().err == f"mlw: reading the credentials of principal '{name}': {message}\n"
