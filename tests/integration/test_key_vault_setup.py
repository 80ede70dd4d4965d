"""The set-up of a key vault, used from outside: audit, certificates, principals; and what a refresh finds."""

import ipaddress
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import hvac
import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store
from docker import DockerClient

from infra.clients.key_vault.vault import Vault
from infra.resources.vault_configuration import VaultConfigurationProvider
from tests.support.engine import run_in
from tests.support.key_vaults import SetUpVault, principal, set_up_vault
from tests.support.probes import probe_until

READS = (
    'path "secret/data/shared/*" { capabilities = ["read"] }\npath "secret/metadata/*" { capabilities = ["list"] }\n'
)
WRITES = 'path "secret/data/shared/*" { capabilities = ["create", "update", "read"] }\n'
LOG = "/vault/logs/audit.log"


@pytest.fixture(scope="module")
def vault(engine: DockerClient) -> Iterator[SetUpVault]:
    """A vault that the tests of this file share."""
    with set_up_vault(engine) as made:
        yield made


@pytest.fixture
def user(vault: SetUpVault) -> Iterator[str]:
    """A principal that can read, for one test; removed at the end."""
    name = f"u{uuid.uuid4().hex[:8]}"
    put(vault.client(), "shared/a", "one")
    vault.apply(principals={name: principal(READS, password="first", registryPassword="pw")})
    yield name
    vault.apply(principals={})


def put(client: hvac.Client, name: str, value: str) -> None:
    client.secrets.kv.v2.create_or_update_secret(name, {"value": value}, mount_point="secret")


def get(client: hvac.Client, name: str) -> str:
    answer = client.secrets.kv.v2.read_secret_version(name, mount_point="secret", raise_on_deleted_version=True)
    return str(answer["data"]["data"]["value"])


def audited_in_file(engine: DockerClient, vault: SetUpVault) -> str:
    return run_in(engine, vault.container, f"cat {LOG}")


def audited_on_stdout(engine: DockerClient, vault: SetUpVault) -> str:
    return bytes(engine.api.logs(vault.container, stderr=False, stream=False)).decode()


class TestAudit:
    """Every request is logged in two places, without secrets."""

    @pytest.mark.parametrize("device", [audited_in_file, audited_on_stdout], ids=["the file", "standard output"])
    def test_a_request_is_written_with_its_secrets_hashed(
        self, vault: SetUpVault, engine: DockerClient, device: Callable[[DockerClient, SetUpVault], str]
    ) -> None:
        value, path = uuid.uuid4().hex, uuid.uuid4().hex
        put(vault.client(), path, value)

        def complete() -> tuple[str, list[dict[str, Any]]]:
            # The engine collects a container's output a moment after it was printed.
            written = device(engine, vault)
            entries = [json.loads(line) for line in written.splitlines() if path in line and line.startswith("{")]
            assert {entry["type"] for entry in entries} == {"request", "response"}
            return written, entries

        written, entries = probe_until(complete, what="both audit entries", timeout_seconds=30)

        assert entries[0]["request"]["data"]["data"]["value"].startswith("hmac-sha256:")
        assert value not in written
        assert vault.token not in written
        assert vault.props["unseal_key"] not in written

    def test_vault_responds_when_one_audit_device_cannot_write(self, vault: SetUpVault, engine: DockerClient) -> None:
        path = uuid.uuid4().hex
        reopened = "kill -HUP $(pidof vault)"
        run_in(engine, vault.container, f"mv {LOG} {LOG}.kept && mkdir {LOG} && {reopened}")
        try:
            put(vault.client(), path, "one")
            assert get(vault.client(), path) == "one"

            def audited() -> None:
                # The engine collects a container's output a moment after it was printed.
                assert path in audited_on_stdout(engine, vault)

            probe_until(audited, what="the entry on standard output", timeout_seconds=30)
        finally:
            run_in(engine, vault.container, f"rmdir {LOG} && mv {LOG}.kept {LOG} && {reopened}")

    def test_large_log_is_rotated_and_the_vault_continues_in_a_new_one(
        self, vault: SetUpVault, engine: DockerClient
    ) -> None:
        path = uuid.uuid4().hex
        run_in(engine, vault.container, f"dd if=/dev/zero bs=1M count=17 >> {LOG} 2>/dev/null")

        def put_aside() -> None:
            run_in(engine, vault.container, f"[ -s {LOG}.1 ]")

        probe_until(put_aside, what="a rotated log")

        def goes_on() -> None:
            put(vault.client(), path, "one")
            assert path in audited_in_file(engine, vault)

        probe_until(goes_on, what="a request in the new log")

    def test_vault_with_a_full_log_volume_responds_and_unseals_itself(self, engine: DockerClient) -> None:
        with set_up_vault(engine, small_logs=True) as full:
            engine.containers.get(full.container).exec_run(
                ["/bin/sh", "-c", "dd if=/dev/zero of=/vault/logs/filled bs=4k count=1000"]
            )
            put(full.client(), "kept", "one")

            engine.api.restart(full.container, timeout=30)

            def open_again() -> None:
                assert get(full.client(), "kept") == "one"

            probe_until(open_again, what="an open vault")


class TestCertificates:
    """The vault is the certificate authority for the names of services on this machine."""

    def issue(self, vault: SetUpVault, **request: str) -> tuple[x509.Certificate, x509.Certificate]:
        issued = vault.client().write_data("pki/issue/services", data=request)["data"]
        pair = [x509.load_pem_x509_certificate(issued[part].encode()) for part in ("certificate", "issuing_ca")]
        return pair[0], pair[1]

    def verify(self, leaf: x509.Certificate, authority: x509.Certificate) -> None:
        names = PolicyBuilder().store(Store([authority]))
        names.build_server_verifier(x509.IPAddress(ipaddress.ip_address("127.0.0.1"))).verify(leaf, [])

    def test_an_issued_certificate_is_verified_by_the_authority(self, vault: SetUpVault) -> None:
        leaf, authority = self.issue(vault, common_name="workspace.example", ip_sans="127.0.0.1")

        self.verify(leaf, authority)

    def test_certificate_of_another_vault_is_not_verified(self, vault: SetUpVault, engine: DockerClient) -> None:
        with set_up_vault(engine) as other:
            leaf, _ = self.issue(other, common_name="workspace.example", ip_sans="127.0.0.1")
        _, authority = self.issue(vault, common_name="workspace.example", ip_sans="127.0.0.1")

        with pytest.raises(x509.verification.VerificationError):
            self.verify(leaf, authority)

    @pytest.mark.parametrize("name", ["example.org", "*.workspace.example", "workspace.example.org"])
    def test_no_certificate_is_issued_for_other_names(self, vault: SetUpVault, name: str) -> None:
        with pytest.raises(hvac.exceptions.InvalidRequest):
            self.issue(vault, common_name=name)


class TestPrincipals:
    """A principal gets its login with its role, and loses login and tokens immediately with the role."""

    def test_principal_can_do_only_what_its_policy_allows(self, vault: SetUpVault, user: str) -> None:
        client = vault.client(vault.login(user, "first"))

        assert get(client, "shared/a") == "one"
        for refused in (
            lambda: put(client, "shared/a", "two"),
            lambda: get(client, "other"),
            lambda: client.read("sys/policies/acl/administrator"),
            lambda: client.auth.token.create(policies=["administrator"]),
        ):
            with pytest.raises(hvac.exceptions.Forbidden):
                refused()

    def test_secret_of_a_principal_lists_its_other_credentials(self, vault: SetUpVault, user: str) -> None:
        secret = vault.client().secrets.kv.v2.read_secret_version(
            user, mount_point="principals", raise_on_deleted_version=True
        )

        assert secret["data"]["data"] == {"registryPassword": "pw"}

    @pytest.mark.parametrize("password", ["", "second"], ids=["none", "wrong"])
    def test_login_with_a_wrong_password_is_refused(self, vault: SetUpVault, user: str, password: str) -> None:
        with pytest.raises(hvac.exceptions.InvalidRequest):
            vault.login(user, password)

    @pytest.mark.parametrize("spelling", [str.lower, str.upper], ids=["as it is", "in capitals"])
    def test_removed_principal_loses_access_immediately(
        self, vault: SetUpVault, user: str, spelling: Callable[[str], str]
    ) -> None:
        client = vault.client(vault.login(spelling(user), "first"))
        assert client.is_authenticated() or get(client, "shared/a")

        vault.apply(principals={})

        with pytest.raises(hvac.exceptions.Forbidden):
            get(client, "shared/a")
        with pytest.raises(hvac.exceptions.InvalidRequest):
            vault.login(user, "first")
        with pytest.raises(hvac.exceptions.InvalidPath):
            vault.client().secrets.kv.v2.read_secret_version(
                user, mount_point="principals", raise_on_deleted_version=True
            )

    def test_returning_principal_does_not_get_its_old_tokens_back(self, vault: SetUpVault, user: str) -> None:
        client = vault.client(vault.login(user.upper(), "first"))

        vault.apply(principals={})
        vault.apply(principals={user: principal(READS, password="first")})

        with pytest.raises(hvac.exceptions.Forbidden):
            get(client, "shared/a")

    def test_removing_a_principal_affects_no_other(self, vault: SetUpVault, user: str) -> None:
        longer = f"{user}x"
        vault.apply(principals={name: principal(READS, password="first") for name in (user, longer)})
        client = vault.client(vault.login(longer, "first"))

        vault.apply(principals={longer: principal(READS, password="first")})

        assert get(client, "shared/a") == "one"

    def test_a_changed_policy_applies_to_the_next_request(self, vault: SetUpVault, user: str) -> None:
        client = vault.client(vault.login(user, "first"))

        vault.apply(principals={user: principal(WRITES, password="first")})

        put(client, "shared/a", "one")

    def test_a_changed_password_ends_the_old_one_and_its_tokens(self, vault: SetUpVault, user: str) -> None:
        client = vault.client(vault.login(user, "first"))

        vault.apply(principals={user: principal(READS, password="second")})

        with pytest.raises(hvac.exceptions.Forbidden):
            get(client, "shared/a")
        with pytest.raises(hvac.exceptions.InvalidRequest):
            vault.login(user, "first")
        assert get(vault.client(vault.login(user, "second")), "shared/a") == "one"


def disable_audit(root: Vault, _: SetUpVault) -> None:
    root.delete("sys/audit/file")


def unmount(root: Vault, _: SetUpVault) -> None:
    root.delete("sys/mounts/pki")


def loosen(root: Vault, _: SetUpVault) -> None:
    root.write("sys/policies/acl/administrator", {"policy": 'path "*" { capabilities = ["sudo"] }'})


def revoke(root: Vault, vault: SetUpVault) -> None:
    root.write("auth/token/revoke", {"token": vault.token})


def remove_user(root: Vault, _: SetUpVault) -> None:
    root.delete("auth/userpass/users/kept")


def change_tags(root: Vault, _: SetUpVault) -> None:
    root.write("secret/metadata/ml-workspace/key-vault", {"custom_metadata": {"owner": "mallory"}})


class TestRefresh:
    """Changes by hand are detected, and repaired by the next update."""

    def test_an_unchanged_vault_shows_no_difference(self, vault: SetUpVault) -> None:
        assert not VaultConfigurationProvider().diff("id", dict(vault.refreshed()), vault.props).changes

    @pytest.mark.parametrize(
        "damage", [disable_audit, unmount, loosen, revoke, remove_user, change_tags], ids=lambda done: done.__name__
    )
    def test_damage_is_found_and_repaired(self, vault: SetUpVault, damage: Callable[[Vault, SetUpVault], None]) -> None:
        wanted = {**vault.props, "principals": {"kept": principal(READS, password="first")}}
        vault.apply(principals=wanted["principals"])
        with vault.as_root() as root:
            damage(root, vault)

        found = dict(vault.refreshed())
        changed = VaultConfigurationProvider().diff("id", found, wanted).changes
        outs = VaultConfigurationProvider().update("id", found, wanted).outs

        assert changed
        assert outs is not None
        vault.props = outs
        assert not VaultConfigurationProvider().diff("id", dict(vault.refreshed()), wanted).changes
        assert vault.client().is_authenticated()
