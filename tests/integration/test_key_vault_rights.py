"""What the stack's own token can do in the key vault and what no token can: every rejected request is really made."""

from collections.abc import Iterator
from typing import Any

import hvac
import pytest
from docker import DockerClient

from tests.support.key_vaults import SetUpVault, set_up_vault
from tests.support.probes import probe_until

MOUNTS = ("secret", "datastores", "principals")
POLICY = {"policy": 'path "*" { capabilities = ["sudo"] }'}

VIEWS = ["sys/mounts", "sys/auth", "sys/audit", "sys/policies/acl/administrator", "pki/roles/services", "secret/config"]

REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "sys/mounts/more", {"type": "kv"}),
    ("DELETE", "sys/mounts/secret", {}),
    ("POST", "sys/mounts/secret/tune", {"description": "mine"}),
    ("POST", "sys/remount", {"from": "secret", "to": "other"}),
    ("POST", "sys/auth/more", {"type": "userpass"}),
    ("DELETE", "sys/auth/userpass", {}),
    ("POST", "auth/userpass/users/mallory", {"password": "x", "token_policies": ["administrator"]}),
    ("POST", "sys/policies/acl/administrator", POLICY),
    ("POST", "sys/policies/acl/mine", POLICY),
    ("DELETE", "sys/policies/acl/administrator", {}),
    ("POST", "sys/audit/mine", {"type": "file", "options": {"file_path": "/tmp/mine"}}),
    ("DELETE", "sys/audit/file", {}),
    ("POST", "auth/token/create", {"policies": ["administrator"]}),
    ("POST", "auth/token/create", {"policies": ["root"]}),
    ("POST", "auth/token/create-orphan", {"policies": ["administrator"]}),
    ("LIST", "auth/token/accessors", {}),
    ("POST", "sys/leases/revoke-prefix/auth/userpass", {}),
    ("POST", "identity/entity", {"name": "mine", "policies": ["administrator"]}),
    ("POST", "sys/storage/raft/snapshot", {}),
    ("POST", "sys/storage/raft/snapshot-force", {}),
    ("POST", "sys/rotate", {}),
    ("POST", "sys/step-down", {}),
    ("POST", "sys/config/cors", {"allowed_origins": "*"}),
    ("GET", "sys/raw/core/keyring", {}),
    ("POST", "secret/config", {"max_versions": 1}),
    ("POST", "pki/roles/services", {"allow_any_name": True}),
    ("POST", "pki/root/generate/internal", {"common_name": "mine"}),
    ("DELETE", "pki/root", {}),
    ("POST", "pki/config/ca", {"pem_bundle": "x"}),
]

PURGES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "{mount}/destroy/{name}", {"versions": [1]}),
    ("DELETE", "{mount}/metadata/{name}", {}),
    ("POST", "{mount}/metadata/{name}", {"max_versions": 1}),
    ("PATCH", "{mount}/metadata/{name}", {"max_versions": 1}),
    ("POST", "{mount}/metadata/{name}", {"Max_Versions": 1}),
    ("POST", "{mount}/metadata/{name}", {"delete_version_after": "1s", "custom_metadata": {"a": "b"}}),
    ("PATCH", "{mount}/metadata/{name}", {"delete_version_after": "1s"}),
    ("POST", "{mount}/config", {"max_versions": 1}),
    ("POST", "{mount}/config", {"delete_version_after": "1s"}),
]


@pytest.fixture(scope="module")
def vault(engine: DockerClient) -> Iterator[SetUpVault]:
    """A vault without purge protection."""
    with set_up_vault(engine) as made:
        yield made


@pytest.fixture(scope="module")
def protected(engine: DockerClient) -> Iterator[SetUpVault]:
    """A vault with purge protection."""
    with set_up_vault(engine, purge_protection=True) as made:
        yield made


def ask(client: hvac.Client, method: str, path: str, body: dict[str, Any]) -> None:
    """Make one request; raises the error that the vault returns."""
    content = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
    client.adapter.request(method, f"/v1/{path}", json=body, headers=content)


def write(client: hvac.Client, name: str, value: str, mount: str = "secret") -> None:
    client.secrets.kv.v2.create_or_update_secret(name, {"value": value}, mount_point=mount)


def read(client: hvac.Client, name: str, mount: str = "secret", version: int | None = None) -> str:
    answer = client.secrets.kv.v2.read_secret_version(
        name, version=version, mount_point=mount, raise_on_deleted_version=True
    )
    return str(answer["data"]["data"]["value"])


def test_no_root_token_is_left(vault: SetUpVault) -> None:
    with vault.as_root() as root:
        held = [root.policies_of(accessor) for accessor in root.list("auth/token/accessors")]

    assert [policy for policies in held for policy in policies if policy == "root"] == ["root"], "only the asking one"


def test_a_token_that_is_revoked_while_tokens_are_looked_up_is_no_error(vault: SetUpVault) -> None:
    with vault.as_root() as root:
        made = root.write("auth/token/create-orphan", {"policies": ["default"]})["auth"]["accessor"]
        assert root.policies_of(made) == ["default"]
        root.revoke_accessor(made)

        assert root.policies_of(made) == []
        root.revoke_accessor(made)


def test_a_root_token_that_a_killed_run_left_is_revoked_by_the_next(vault: SetUpVault) -> None:
    left = vault.client(vault.client().token)
    with vault.as_root() as root:
        left.token = root.root_token_from(vault.props["unseal_key"])
    assert left.is_authenticated()

    vault.apply()

    assert not left.is_authenticated()


def test_stack_token_is_an_orphan_and_valid_for_years(vault: SetUpVault) -> None:
    found = vault.client().auth.token.lookup_self()["data"]

    assert found["orphan"] is True
    assert found["ttl"] > 9 * 365 * 24 * 3600
    assert set(found["policies"]) == {"administrator", "default"}


def test_stack_token_is_kept_across_updates(vault: SetUpVault) -> None:
    before = vault.token

    vault.apply(tags={"owner": "tests", "phase": "two"})

    assert vault.token == before


@pytest.mark.parametrize("path", VIEWS)
def test_the_set_up_of_the_vault_is_readable(vault: SetUpVault, path: str) -> None:
    assert vault.client().read(path)["data"]


def test_a_backup_can_be_taken(vault: SetUpVault) -> None:
    assert len(vault.client().sys.take_raft_snapshot().content) > 1000


@pytest.mark.parametrize(("method", "path", "body"), REFUSED, ids=[f"{m} {p}" for m, p, _ in REFUSED])
def test_the_set_up_cannot_be_changed_with_the_stacks_token(
    vault: SetUpVault, method: str, path: str, body: dict[str, Any]
) -> None:
    with pytest.raises(hvac.exceptions.Forbidden):
        ask(vault.client(), method, path, body)

    assert vault.client().is_authenticated()


@pytest.mark.parametrize("token", ["", "hvs.CAESI-not-a-token", "s" * 48], ids=["none", "made up", "of the right form"])
def test_request_without_a_valid_token_is_refused(vault: SetUpVault, token: str) -> None:
    with pytest.raises(hvac.exceptions.Forbidden):
        read(vault.client(token), "anything")


def test_an_expired_token_is_refused(vault: SetUpVault) -> None:
    with vault.as_root() as root:
        answer = root.write("auth/token/create-orphan", {"policies": ["administrator"], "ttl": "1s"})
    client = vault.client(answer["auth"]["client_token"])

    def ended() -> None:
        assert not client.is_authenticated()

    probe_until(ended, what="the end of the token")
    with pytest.raises(hvac.exceptions.Forbidden):
        read(client, "anything")


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("purge_protection", [False, True], ids=["without purge protection", "with purge protection"])
def test_a_deleted_secret_is_recovered(request: pytest.FixtureRequest, *, purge_protection: bool, mount: str) -> None:
    vault: SetUpVault = request.getfixturevalue("protected" if purge_protection else "vault")
    client = vault.client()
    write(client, "recovered", "one", mount)
    client.secrets.kv.v2.update_metadata("recovered", custom_metadata={"contentType": "text/plain"}, mount_point=mount)

    client.secrets.kv.v2.delete_latest_version_of_secret("recovered", mount_point=mount)
    with pytest.raises(hvac.exceptions.InvalidPath):
        read(client, "recovered", mount)
    client.secrets.kv.v2.undelete_secret_versions("recovered", [1], mount_point=mount)

    assert read(client, "recovered", mount) == "one"


@pytest.mark.parametrize("mount", MOUNTS)
def test_a_secret_is_purged_without_purge_protection(vault: SetUpVault, mount: str) -> None:
    client = vault.client()
    for name in ("versions", "whole"):
        write(client, name, "one", mount)

    client.secrets.kv.v2.destroy_secret_versions("versions", [1], mount_point=mount)
    client.secrets.kv.v2.delete_metadata_and_all_versions("whole", mount_point=mount)

    for name in ("versions", "whole"):
        with pytest.raises(hvac.exceptions.InvalidPath):
            read(client, name, mount)


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize(("method", "path", "body"), PURGES, ids=[f"{m} {p} {b}" for m, p, b in PURGES])
def test_no_request_bypasses_purge_protection(
    protected: SetUpVault, mount: str, method: str, path: str, body: dict[str, Any]
) -> None:
    client = protected.client()
    write(client, "kept", "one", mount)
    first = client.secrets.kv.v2.read_secret_metadata("kept", mount_point=mount)["data"]["current_version"]

    with pytest.raises(hvac.exceptions.Forbidden):
        ask(client, method, path.format(mount=mount, name="kept"), body)
    write(client, "kept", "two", mount)

    assert read(client, "kept", mount, first) == "one"


def test_old_versions_are_not_pushed_out_by_new_ones(protected: SetUpVault) -> None:
    client = protected.client()
    for number in range(25):
        write(client, "pushed", str(number))

    assert read(client, "pushed", version=1) == "0"


def test_purge_protection_applies_to_the_next_request_after_it_is_switched_on(vault: SetUpVault) -> None:
    client = vault.client()
    write(client, "turned", "one")

    vault.apply(purge_protection=True)
    with pytest.raises(hvac.exceptions.Forbidden):
        client.secrets.kv.v2.destroy_secret_versions("turned", [1], mount_point="secret")
    vault.apply(purge_protection=False)
    client.secrets.kv.v2.destroy_secret_versions("turned", [1], mount_point="secret")
