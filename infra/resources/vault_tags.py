"""The key vault's tags, as custom metadata of one path of its secrets engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra.clients.reaching import reaching
from infra.clients.vault import Vault
from infra.resources.base import Props, Provider

TAGS_PATH = "ml-workspace/key-vault"


class _VaultTagsProvider(Provider):
    inputs = ("address", "token", "tags")

    def create(self, props: Props) -> CreateResult:
        _write(props)
        return CreateResult(TAGS_PATH, props)

    def observe(self, id_: str, props: Props) -> ReadResult:
        with reaching("key vault", props["address"]):
            tags = Vault(props["address"], props["token"]).read_tags(id_)
        return ReadResult(None, {}) if tags is None else ReadResult(id_, {**props, "tags": tags})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _write(_news)
        return UpdateResult(_news)


def _write(props: Props) -> None:
    with reaching("key vault", props["address"]):
        Vault(props["address"], props["token"]).write_tags(TAGS_PATH, props["tags"])


class VaultTags(Resource, module="ml-workspace", name="VaultTags"):
    """Tags of a key vault.

    Args:
        name: Logical name.
        address: Base URL of the vault.
        token: Token that may write the metadata.
        tags: Tags in the alphabet of the services' metadata.
        opts: Resource options.
    """

    def __init__(
        self,
        name: str,
        *,
        address: pulumi.Input[str],
        token: pulumi.Input[str],
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {"address": address, "token": token, "tags": dict(tags)}
        super().__init__(_VaultTagsProvider(), name, props, opts)
