"""A key vault without a stack, created as its component does, for tests that need no stack."""

import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import hvac
from docker import DockerClient
from docker.types import Mount

from infra import service_images
from infra.clients.engine import volume_writer as volumes_client
from infra.clients.key_vault.vault import Vault
from infra.components.assets import asset
from infra.components.key_vault import server_config
from infra.resources.vault_configuration import VaultConfigurationProvider
from infra.resources.vault_initialization import VaultInitializationProvider
from infra.services import KEY_VAULT
from tests.support.connections import to_vault
from tests.support.probes import probe_until

LOGS = "logs"
_RESTART: Any = {"Name": "unless-stopped"}


@contextmanager
def new_vault(engine: DockerClient, *, small_logs: bool = False) -> Iterator[dict[str, Any]]:
    """Start the container; yields the properties of the resource that waits for its first unsealing.

    Args:
        engine: The real one.
        small_logs: Whether the audit log is on a volume of only 256 KiB.
    """
    image, name = service_images.table()["vault"], f"t{uuid.uuid4().hex[:8]}-vault"
    uid, gid = (int(part) for part in image.user.split(":"))
    folders = {part: path for part, path in KEY_VAULT.volumes.items() if not (small_logs and part == LOGS)}
    volumes = [engine.volumes.create(f"{name}-{part}") for part in folders]
    files = {"vault.hcl": server_config().encode(), "start.sh": asset("vault-start.sh").encode()}
    carrier = volumes_client.Carrier(image=image.image, labels={})
    volumes_client.write(f"{name}-config", files, carrier=carrier, owner=(uid, gid))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    container = engine.containers.run(
        image.image,
        ["/vault/config/start.sh"],
        entrypoint=["/bin/sh"],
        name=name,
        detach=True,
        mounts=[Mount(folder, f"{name}-{part}") for part, folder in folders.items()],
        ports={"8200/tcp": ("127.0.0.1", port)},
        environment={"HOME": "/tmp"},
        tmpfs={"/tmp": "rw", **({KEY_VAULT.volumes[LOGS]: f"rw,size=256k,uid={uid},gid={gid}"} if small_logs else {})},
        read_only=True,
        cap_drop=["ALL"],
        restart_policy=_RESTART,
    )
    try:
        yield {
            "resource_name": name,
            "stack_id": "",
            "address": f"http://127.0.0.1:{port}",
            "container": name,
            "container_id": container.id,
            "user": image.user,
            "ca_certificate": "",
        }
    finally:
        container.remove(force=True, v=True)
        for volume in volumes:
            volume.remove()


@dataclass
class SetUpVault:
    """A vault that is unsealed and set up; `props` are the state's properties of the resource that set it up."""

    container: str
    props: dict[str, Any]

    @property
    def token(self) -> str:
        """The stack's own token."""
        return str(self.props["token"])

    def client(self, token: str | None = None) -> hvac.Client:
        """Return an outside client, with the stack's own token or another one."""
        return hvac.Client(url=self.props["address"], token=self.token if token is None else token, timeout=10)

    @contextmanager
    def as_root(self) -> Iterator[Vault]:
        """Act as root inside the block."""
        vault = Vault(to_vault(self.props["address"]))
        with vault.as_root(self.props["unseal_key"]):
            yield vault

    def apply(self, **changed: object) -> None:
        """Apply the set-up with some inputs changed, as an update does."""
        outs = VaultConfigurationProvider().update("id", self.props, {**self.props, **changed}).outs
        assert outs is not None
        self.props = outs

    def refreshed(self) -> Mapping[str, Any]:
        """Return what a refresh finds."""
        found = VaultConfigurationProvider().read("id", self.props).outs
        assert found is not None
        return found

    def wait_until_unsealed(self, *, seconds: float = 30) -> None:
        """Wait until the vault responds to requests again; fail when it takes longer."""

        def active() -> None:
            assert self.client().sys.read_health_status().status_code == HTTPStatus.OK

        probe_until(active, what="an unsealed key vault", timeout_seconds=seconds, interval_seconds=0.02)

    def login(self, user: str, password: str) -> str:
        """Log a principal in; the token."""
        answer = self.client(token="").auth.userpass.login(user, password)
        return str(answer["auth"]["client_token"])


def principal(policy: str, *, password: str, **secret: str) -> dict[str, Any]:
    """Return the vault's input for one principal."""
    return {"policy": policy, "password": password, "secret": secret}


@contextmanager
def set_up_vault(
    engine: DockerClient, *, small_logs: bool = False, purge_protection: bool = False
) -> Iterator[SetUpVault]:
    """Start, unseal and set up a vault; removed at the end."""
    with new_vault(engine, small_logs=small_logs) as opening:
        unsealed = VaultInitializationProvider().create(opening).outs
        assert unsealed is not None
        wanted: dict[str, Any] = {
            "vault_name": opening["resource_name"],
            "address": opening["address"],
            "ca_certificate": "",
            "unseal_key": unsealed["unseal_key"],
            "tags": {"owner": "tests"},
            "purge_protection": purge_protection,
            "principals": {},
            "ca_bundle": "",
            "host_names": ["workspace.example"],
            "layout": "as wanted",
        }
        outs = VaultConfigurationProvider().create(wanted).outs
        assert outs is not None
        yield SetUpVault(opening["container"], outs)
