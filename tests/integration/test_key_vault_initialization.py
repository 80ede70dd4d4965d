"""First opening of a real vault when the run that opens it is ended at the worst moments."""

import socket
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from docker import DockerClient
from docker.types import Mount

from infra import images
from infra.clients import engine as engine_client
from infra.clients import volumes as volumes_client
from infra.clients.vault import Vault
from infra.components.assets import asset
from infra.components.key_vault import KeyVault, server_config
from infra.errors import KeyVaultLockedError
from infra.resources.vault_initialization import UNSEAL_FILE, _VaultInitializationProvider


class EndedHere(Exception):
    """Stands for a kill."""


@pytest.fixture
def vault(engine: DockerClient) -> Iterator[dict[str, Any]]:
    """A container as the component makes it, never initialised; gives the provider's properties."""
    image, name = images.table()["vault"], f"t{uuid.uuid4().hex[:8]}-vault"
    uid, gid = (int(part) for part in image.user.split(":"))
    volumes = {part: engine.volumes.create(f"{name}-{part}") for part in KeyVault.volumes}
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
        mounts=[Mount(folder, f"{name}-{part}") for part, folder in KeyVault.volumes.items()],
        ports={"8200/tcp": ("127.0.0.1", port)},
        environment={"HOME": "/tmp"},
        tmpfs={"/tmp": "rw"},
        read_only=True,
        cap_drop=["ALL"],
    )
    yield {
        "name": name,
        "address": f"http://127.0.0.1:{port}",
        "container": name,
        "container_id": container.id,
        "user": image.user,
        "authority": "",
    }
    container.remove(force=True, v=True)
    for volume in volumes.values():
        volume.remove()


def _end_when_writing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write = engine_client.write_files

    def end(container: str, folder: str, files: Mapping[str, bytes], **owner: int) -> None:
        if name in files:
            raise EndedHere
        write(container, folder, files, **owner)

    monkeypatch.setattr(engine_client, "write_files", end)


def test_a_run_that_ended_before_the_key_was_stored_is_begun_again_by_the_next(
    vault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = _VaultInitializationProvider()
    with monkeypatch.context() as patch:
        _end_when_writing(UNSEAL_FILE, patch)
        with pytest.raises(EndedHere):
            provider.create(vault)
    assert Vault(vault["address"]).is_initialised()

    outs = provider.create(vault).outs

    assert outs is not None
    with (again := Vault(vault["address"])).as_root(outs["unseal_key"]):
        assert again.accepts_token()


def test_a_run_that_ended_after_the_key_was_stored_goes_on_with_the_same_vault(vault: dict[str, Any]) -> None:
    provider = _VaultInitializationProvider()
    first = provider.create(vault).outs
    assert first is not None
    with (before := Vault(vault["address"])).as_root(first["unseal_key"]):
        before.write("sys/mounts/kept", {"type": "kv"})
        before.write("kept/a", {"value": "1"})

    second = provider.create(vault).outs

    assert second is not None
    with (after := Vault(vault["address"])).as_root(second["unseal_key"]):
        assert after.read("kept/a") == {"value": "1"}


def test_a_vault_opened_once_is_never_emptied_even_when_its_key_is_gone(
    vault: dict[str, Any], engine: DockerClient
) -> None:
    provider = _VaultInitializationProvider()
    first = provider.create(vault).outs
    assert first is not None
    container = engine.containers.get(vault["container"])
    container.exec_run(["/bin/sh", "-c", f"rm -f /vault/unseal/{UNSEAL_FILE}"])

    with pytest.raises(KeyVaultLockedError, match="unseal key is not on"):
        provider.create(vault)

    with (after := Vault(vault["address"])).as_root(first["unseal_key"]):
        assert after.accepts_token()
