"""`mlw keys rotate`: what a state says that can be rotated, and how the command line is taken."""

import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mlw.command import INTERRUPTED
from mlw.keys.rotate_keys import _chosen, principals_of, services_by_resource, services_of
from mlw.lifecycle import stack_commands
from mlw.lifecycle.lifecycle_errors import OperationCancelledError
from mlw.main import main
from mlw.parser import build_parser
from mlw.stacks.stacks import Stack
from tests.unit.mlw.workspace_samples import Place, a_workspace


def resource(kind: str, name: str) -> dict[str, Any]:
    type_ = f"pulumi-python:dynamic/ml-workspace:{kind}"
    return {"type": type_, "urn": f"urn:pulumi:dev::ml-workspace::x${type_}::{name}"}


STATE = [
    resource("GeneratedSecrets", "stchurn-keys"),
    resource("GeneratedSecrets", "stlake-keys"),
    resource("GeneratedSecrets", "crchurn-admin"),
    resource("GeneratedSecrets", "mlw-churn-principal-dora"),
    resource("GeneratedSecrets", "mlw-churn-principal-some-admin"),
    resource("VaultConfiguration", "kv-churn-configuration"),
]


def test_services_are_those_that_the_stack_makes_credentials_of() -> None:
    assert services_of(STATE) == {
        "storage": ["stchurn-keys", "stlake-keys"],
        "registry": ["crchurn-admin"],
        "keyVault": ["kv-churn-configuration"],
    }


def test_principals_are_known_by_their_names() -> None:
    assert principals_of(STATE) == {
        "dora": "mlw-churn-principal-dora",
        "some-admin": "mlw-churn-principal-some-admin",
    }


def test_what_clients_notice_is_said_of_every_service() -> None:
    said = services_by_resource(services_of(STATE))

    assert said["stlake-keys"].startswith("service 'storage' (its container restarts")
    assert set(said) == {"stchurn-keys", "stlake-keys", "crchurn-admin", "kv-churn-configuration"}


def test_the_authority_is_rotated_by_name_only() -> None:
    """No client would trust any endpoint any more."""
    state = [
        *STATE,
        resource("ServerCertificates", "rg-certificates"),
        resource("CertificateAuthority", "rg-authority"),
    ]
    stack = cast("Stack", SimpleNamespace(name="dev", checkpoint=SimpleNamespace(resources=state)))

    def chosen(line: str) -> set[str]:
        return set(_chosen(stack, build_parser().parse_args(["keys", "rotate", "dev", *line.split()])))

    assert chosen("--service authority") == {"rg-authority"}
    assert {"rg-certificates", "stchurn-keys", "mlw-churn-principal-dora"} <= chosen("--all")
    assert "rg-authority" not in chosen("--all")


def test_an_interrupted_update_ends_as_every_interruption(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    masks = []

    def interrupted(_context: object) -> None:
        masks.append(os.umask(0o077))
        raise OperationCancelledError("running 'pulumi up' of stack 'dev': interrupted")

    place.deploy("dev", [*a_workspace("dev"), resource("GeneratedSecrets", "crdev-admin")])
    monkeypatch.setattr(stack_commands, "up", interrupted)

    assert main(["keys", "rotate", "dev", "--service", "registry"]) == INTERRUPTED

    printed = capsys.readouterr()
    assert printed.err == "mlw: running 'pulumi up' of stack 'dev': interrupted\n"
    assert "Changed" not in printed.out
    assert masks == [0o077], "what the update writes is nobody else's"


@pytest.mark.parametrize(
    ("line", "path", "stack"),
    [
        ("keys dev", ("keys",), "dev"),
        ("keys rotate", ("keys",), "rotate"),
        ("keys rotate dev", ("keys", "rotate"), "dev"),
        ("keys rotate dev --all", ("keys", "rotate"), "dev"),
        ("keys rotate rotate --datastore rotate", ("keys", "rotate"), "rotate"),
    ],
)
def test_rotate_is_a_command_unless_it_is_the_name_of_the_stack(line: str, path: tuple[str, ...], stack: str) -> None:
    options = build_parser().parse_args(line.split())

    assert (options.command.path, options.stack) == (path, stack)


@pytest.mark.parametrize(
    "line",
    ["keys rotate dev --all --datastore a", "keys rotate dev --service", "keys rotate dev b", "keys rotate --all"],
)
def test_a_wrong_command_line_is_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        build_parser().parse_args(line.split())

    assert "usage: mlw" in capsys.readouterr().err
