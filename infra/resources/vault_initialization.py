"""The provisioner's part in initialising and unsealing the key vault; see `vault_unsealing` for the rules."""

from __future__ import annotations

import pulumi
from typing_extensions import override

from infra.clients import readiness_probes
from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_unsealing import ContainerKeyVolume, VaultUnsealing
from infra.clients.readiness_probes import Probe
from infra.clients.service_connection import ServiceConnection
from infra.resources.data_bearing import DataBearingProvider
from infra.resources.ready_gate import DEADLINE_SECONDS
from infra.resources.resource import CreateResult, Props, ReadResult, Resource, UpdateResult
from infra.services import KEY_VAULT


class VaultInitializationProvider(DataBearingProvider):
    """Verbs of :class:`VaultInitialization`."""

    holds = "the key that unseals it"
    inputs = ("resource_name", "address", "container", "container_id", "user", "ca_certificate")

    @override
    def create(self, props: Props) -> CreateResult:
        """Unseal a vault that is new to the stack."""
        return CreateResult(props["container"], {**props, "unseal_key": _unsealing(props).unseal(None)})

    @override
    def observe(self, id_: str, props: Props) -> ReadResult:
        """Report a sealed vault as one with a new container, so the next update restores the key and unseals it."""
        if _unsealing(props).is_closed():
            closed = {**props, "container_id": ""}
            return ReadResult(id_, closed, {key: closed.get(key) for key in self.inputs})
        return ReadResult(id_, props)

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Unseal it with the key in the state."""
        return UpdateResult({**_news, "unseal_key": _unsealing(_news).unseal(_olds["unseal_key"])})


def _unsealing(props: Props) -> VaultUnsealing:
    ca_certificate = props["ca_certificate"]

    def probe(expected: frozenset[int]) -> Probe:
        url = f"{props['address']}{KEY_VAULT.readiness.path}"
        return readiness_probes.http_probe(url, expected=expected, ca_certificate=ca_certificate)

    def wait(one: Probe) -> None:
        what, container = f"{KEY_VAULT.title} '{props['resource_name']}'", props["container"]
        readiness_probes.wait_until_ready(what, [one], container=container, deadline_seconds=DEADLINE_SECONDS)

    return VaultUnsealing(
        name=props["resource_name"],
        endpoint=props["address"],
        vault=Vault(ServiceConnection(endpoint=props["address"], ca_certificate=ca_certificate)),
        volume=ContainerKeyVolume(props["container"], props["user"]),
        probe=probe,
        wait=wait,
    )


class VaultInitialization(Resource, module="keyvault", provider=VaultInitializationProvider, secrets=("unseal_key",)):
    """An unsealed key vault, and its key.

    Args:
        name: Logical name.
        stack_id: Identity of the stack.
        vault_name: Name of the key vault.
        address: Base URL.
        container: Name of the vault's container.
        container_id: Its id; a new container is unsealed again with the existing key.
        user: ``uid:gid`` of the vault's process; only this user may read the unseal key.
        ca_certificate: CA certificate (PEM) of the vault; empty for plain HTTP.
        opts: Resource options.
    """

    address: pulumi.Output[str]
    """Base URL; known when the vault is unsealed."""

    unseal_key: pulumi.Output[str]
    """The key that unseals the vault and generates root tokens; secret."""

    def __init__(
        self,
        name: str,
        *,
        stack_id: pulumi.Input[str],
        vault_name: str,
        address: pulumi.Input[str],
        container: str,
        container_id: pulumi.Input[str],
        user: str,
        ca_certificate: pulumi.Input[str] = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "stack_id": stack_id,
            "resource_name": vault_name,
            "address": address,
            "container": container,
            "container_id": container_id,
            "user": user,
            "ca_certificate": ca_certificate,
        }
        super().__init__(name, inputs, opts)
