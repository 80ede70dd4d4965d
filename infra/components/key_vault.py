"""Key vault: secrets with versions, served by HashiCorp Vault on integrated (raft) storage."""

from __future__ import annotations

import pulumi

from infra import images
from infra.components.assets import asset
from infra.components.base import Component, Site
from infra.components.service import Service, run
from infra.resources.vault_initialization import UNSEAL_FOLDER, VaultInitialization
from infra.rules.resources import KEY_VAULT
from infra.settings import KeyVaultSettings

USE = "keyVault"
VOLUMES = {"data": "/vault/file", "config": "/vault/config", "unseal": UNSEAL_FOLDER}


class KeyVault(Component):
    """One key vault.

    Owns: a volume with the encrypted data, one with the unseal key, one container; the initialisation.
    Guarantees: initialised once, never over existing data; opens by itself after every restart of its container.

    Pulumi type: ``ml-workspace:keyvault:KeyVault``
    Ready when:  ``GET /v1/sys/health`` answers 200 (initialised, unsealed, active).
    """

    engine_role = "vault"

    vault_uri: pulumi.Output[str]
    """Base URL, known when the vault is open."""

    credentials: pulumi.Output[dict[str, str]]
    """``token``; secret."""

    def __init__(self, settings: KeyVaultSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(KEY_VAULT, settings.name, settings.props(), parent=parent)

    def provision(self, site: Site) -> None:
        """Make the volumes and the container, initialise the vault and open it."""
        name = self.resource_name
        container = run(self, _service(), site)
        opened = VaultInitialization(
            f"{name}-initialization",
            vault_name=name,
            address=site.url(USE),
            container=self.container_name,
            container_id=container.id,
            user=images.table()["vault"].user,
            opts=self.child_options(deleted_with=container),
        )
        self.vault_uri = opened.address
        self.credentials = opened.token.apply(lambda token: {"token": token})
        self.register_outputs({"vault_uri": self.vault_uri, "credentials": self.credentials})


def _service() -> Service:
    return Service(
        image="vault",
        command=["/bin/sh", "/vault/config/start.sh"],
        volumes=VOLUMES,
        ports={USE: 8200},
        files={"vault.hcl": asset("vault.hcl"), "start.sh": asset("vault-start.sh")},
        environment={"HOME": "/tmp"},  # noqa: S108 - the container's own
        memory_mib=512,
    )
