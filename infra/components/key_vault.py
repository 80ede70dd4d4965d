"""Key vault: secrets with versions, served by HashiCorp Vault on integrated (raft) storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi

from infra import images
from infra.components.assets import asset
from infra.components.base import ServiceComponent, Site
from infra.components.service import Service, run
from infra.resources.vault_initialization import UNSEAL_FOLDER, VaultInitialization
from infra.resources.vault_tags import VaultTags
from infra.rules.resources import KEY_VAULT
from infra.rules.service_tags import to_service_tags
from infra.settings import KeyVaultSettings

USE = "keyVault"


class KeyVault(ServiceComponent):
    """One key vault.

    Owns: a volume with the encrypted data, one with the unseal key, one container; the initialisation.
    Guarantees: initialised once, never over existing data; opens by itself after every restart of its container.

    Pulumi type: ``ml-workspace:keyvault:KeyVault``
    Ready when:  ``GET /v1/sys/health`` answers 200 (initialised, unsealed, active).
    """

    type_token = KEY_VAULT
    engine_role = "vault"
    volumes: ClassVar[Mapping[str, str]] = {"data": "/vault/file", "config": "/vault/config", "unseal": UNSEAL_FOLDER}
    credentials_key = "keyVault"
    uses = (USE,)

    def __init__(self, settings: KeyVaultSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(settings, parent=parent)
        self._tags = settings.tags

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
        VaultTags(
            f"{name}-tags",
            address=opened.address,
            token=opened.token,
            tags=to_service_tags(self._tags),
            opts=self.child_options(deleted_with=container),
        )
        self.endpoints = {USE: opened.address}
        self.credentials = opened.token.apply(lambda token: {"token": token})
        self.register_outputs({"endpoints": self.endpoints, "credentials": self.credentials})


def _service() -> Service:
    return Service(
        image="vault",
        command=["/bin/sh", "/vault/config/start.sh"],
        ports={USE: 8200},
        files={"vault.hcl": asset("vault.hcl"), "start.sh": asset("vault-start.sh")},
        environment={"HOME": "/tmp"},  # noqa: S108 - the container's own
        memory_mib=512,
    )
