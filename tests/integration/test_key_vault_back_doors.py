"""Ways around the key vault's policies that its policies do not cover, each tried on a real vault; what closes them is
in tools/go/vault/patches.toml and vault.hcl."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import hvac
import pytest
import requests
from docker import DockerClient

from infra.rules.roles.role_definitions import BUILT_IN, find_role
from infra.rules.roles.role_permissions import vault_policy
from tests.support.key_vaults import SetUpVault, principal, set_up_vault

PASSWORD = "p" * 40
ROLES = {"scientist": "DataScientist", "operator": "ComputeOperator"}

TRICKS = (
    "%2F{path}", "%2e/{path}", "away/%2e%2e/{path}", "away%2F..%2F{path}", "away/more/%2e%2e/%2E%2E/{path}",
    "{folder}%2F%2F{name}", "{folder}/%2e/{name}", "{folder}/%2e%2e/{path}", "{folder}%2F..%2F{path}",
)  # fmt: skip
"""Names that a client library would clean up, and that the vault gets as they are."""

REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "metadata", {}),
    ("POST", "metadata", {"custom_metadata": {"expires": "2030-01-01"}}),
    ("GET", "data", {}),
    ("POST", "data", {"data": {"value": "theirs"}}),
    ("DELETE", "data", {}),
    ("POST", "delete", {"versions": [1]}),
    ("POST", "undelete", {"versions": [1]}),
]


def _policy(role: str, name: str) -> str:
    found = find_role(role, BUILT_IN)
    assert found is not None
    return vault_policy(found.operations, principal=name, purge_protection=False)


@pytest.fixture(scope="module")
def vault(engine: DockerClient) -> Iterator[SetUpVault]:
    """A vault with a principal for each role that has rights in one part of the secrets only."""
    with set_up_vault(engine) as made:
        made.apply(principals={name: principal(_policy(role, name), password=PASSWORD) for name, role in ROLES.items()})
        yield made


@pytest.fixture(scope="module")
def tokens(vault: SetUpVault) -> dict[str, str]:
    return {name: vault.login(name, PASSWORD) for name in ROLES}


@pytest.fixture(params=[("scientist", "computes", "gpu"), ("operator", "team", "password")], ids=list(ROLES))
def target(request: pytest.FixtureRequest, vault: SetUpVault) -> tuple[str, str, str]:
    """Which principal tries to reach which secret."""
    who, folder, name = request.param
    vault.client().secrets.kv.v2.create_or_update_secret(f"{folder}/{name}", {"value": "ours"}, mount_point="secret")
    return who, folder, name


def _raw(vault: SetUpVault, method: str, path: str, *, token: str = "", body: object = None) -> requests.Response:
    """Send a path unchanged, which hvac and requests would not."""
    url = f"{vault.props['address']}/v1/{path}"
    prepared = requests.Request(method, url, headers={"X-Vault-Token": token}, json=body).prepare()
    prepared.url = url
    with requests.Session() as session:
        return session.send(prepared, allow_redirects=False, timeout=10)


def _state(vault: SetUpVault, path: str) -> tuple[Any, Any]:
    kv = vault.client().secrets.kv.v2
    metadata = kv.read_secret_metadata(path, mount_point="secret")["data"]
    secret = kv.read_secret_version(path, mount_point="secret", raise_on_deleted_version=True)["data"]["data"]
    return metadata["versions"], secret


@pytest.mark.parametrize("trick", TRICKS)
def test_no_name_escapes_the_scope_of_a_role(
    vault: SetUpVault, tokens: dict[str, str], target: tuple[str, str, str], trick: str
) -> None:
    who, folder, name = target
    path = f"{folder}/{name}"
    # A computes' operator begins below the folder that is his.
    start = "computes/" if who == "operator" else ""
    sent = start + trick.format(path=f"%2e%2e/{path}" if start else path, folder=folder, name=name)
    before = _state(vault, path)

    responses = [
        _raw(vault, method, f"secret/{part}/{sent}", token=tokens[who], body=body or None)
        for method, part, body in REQUESTS
    ]

    assert {response.status_code for response in responses} <= {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}
    assert _state(vault, path) == before


def test_trailing_slashes_and_encoded_characters_are_accepted_in_names(
    vault: SetUpVault, tokens: dict[str, str]
) -> None:
    vault.client().secrets.kv.v2.create_or_update_secret("team/a b", {"value": "ours"}, mount_point="secret")

    listed = _raw(vault, "LIST", "secret/metadata/team/", token=tokens["scientist"])
    read = _raw(vault, "GET", "secret/data/team%2Fa%20b", token=tokens["scientist"])

    assert "a b" in listed.json()["data"]["keys"]
    assert read.json()["data"]["data"] == {"value": "ours"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("sys/rekey/init", {"secret_shares": 1, "secret_threshold": 1}),
        ("sys/rekey-recovery-key/init", {"secret_shares": 1, "secret_threshold": 1}),
        ("sys/rekey/update", {"key": "0" * 64, "nonce": "x"}),
        ("sys/storage/raft/join", {"leader_api_addr": "http://127.0.0.1:1"}),
        ("sys/storage/raft/bootstrap", {}),
    ],
)
@pytest.mark.parametrize("anonymous", [True, False], ids=["without a token", "with the stack's token"])
def test_the_unseal_key_and_the_cluster_are_not_for_clients(
    vault: SetUpVault, path: str, body: dict[str, Any], *, anonymous: bool
) -> None:
    answer = _raw(vault, "POST", path, token="" if anonymous else vault.token, body=body)

    assert HTTPStatus.BAD_REQUEST <= answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, answer.text
    assert vault.client().is_authenticated()


def test_wrong_passwords_of_others_do_not_lock_anyone_out(vault: SetUpVault) -> None:
    for _ in range(8):
        with pytest.raises(hvac.exceptions.VaultError):
            vault.login("scientist", "wrong")

    assert vault.login("scientist", PASSWORD)
