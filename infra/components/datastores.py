"""Datastores: names for containers in the storage account or in an external object store, without credentials.

Credentials are in the key vault, at the path in the stack's output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.datastore_containers import DatastoreContainers
from infra.resources.datastore_credentials import DatastoreCredentials
from infra.rules.datastores.default_datastores import (
    ARTIFACT_STORE,
    BLOB_STORE,
    DEFAULT_DATASTORES,
    FILE_SHARES,
    default_containers,
)
from infra.rules.datastores.registered_datastores import DatastoreType
from infra.rules.tags.service_tags import to_service_tags
from infra.settings import DatastoreSettings, Settings

GIB = 2**30


@dataclass(frozen=True, kw_only=True, slots=True)
class _Datastore:
    type: str
    container: pulumi.Output[str]
    settings: DatastoreSettings | None = None

    @property
    def is_external(self) -> bool:
        return self.type == DatastoreType.S3

    @property
    def quota_bytes(self) -> int:
        return int((self.settings.quota_in_gib or 0) * GIB) if self.settings else 0


def provision_datastores(
    wanted: Settings,
    *,
    workspace_id: pulumi.Output[str],
    storage_account: ServiceConnectionArgs,
    key_vault: ServiceConnectionArgs,
    options: pulumi.ResourceOptions,
    guest_options: pulumi.ResourceOptions,
) -> dict[str, pulumi.Output[dict[str, Any]]]:
    """Create the containers and credentials of the default and the registered datastores.

    Args:
        wanted: The stack's settings.
        workspace_id: GUID of their workspace.
        storage_account: The account of the containers.
        key_vault: The vault of the credentials.
        options: Options of resources in the storage account.
        guest_options: Options of resources in another stack's services, from which they must be removed.

    Returns:
        ``name``, ``type``, ``container``, ``uri``, ``isDefault`` and ``vaultPath`` of each datastore, known when its
        container and its credentials exist.
    """
    datastores = _default_datastores(wanted, workspace_id) | {
        store.name: _Datastore(type=store.type, container=pulumi.Output.from_input(store.container), settings=store)
        for store in wanted.datastores
    }
    containers = _containers(wanted, datastores, storage_account, options)
    credentials = DatastoreCredentials(
        f"{wanted.storage_account.name}-datastores",
        # Wait for the containers: each service account is verified with its container.
        storage_account=storage_account.to_input(containers.containers),
        key_vault=key_vault.to_input(),
        workspace_id=workspace_id,
        record_container=datastores[ARTIFACT_STORE].container,
        datastores=[
            {"name": name, "type": store.type, "container": store.container} for name, store in datastores.items()
        ],
        given={name: _given(one.settings) for name, one in datastores.items() if one.settings and one.is_external},
        existing_storage_account=bool(wanted.storage_account.existing_in),
        existing_key_vault=bool(wanted.key_vault.existing_in),
        opts=guest_options if wanted.key_vault.existing_in else options,
    )
    default = next((store.name for store in wanted.datastores if store.is_default), BLOB_STORE)
    return {
        name: _described(name, store, storage_account.endpoint, credentials, is_default=name == default)
        for name, store in datastores.items()
    }


def containers_here(wanted: Settings, workspace_id: pulumi.Output[str]) -> pulumi.Output[dict[str, str]]:
    """Containers of the datastores in the workspace's storage account, by name."""
    registered = {one.name: one.container for one in wanted.datastores if one.type != DatastoreType.S3}
    is_guest = bool(wanted.storage_account.existing_in)
    return workspace_id.apply(lambda guid: {**default_containers(guid, in_existing_account=is_guest), **registered})


def _default_datastores(wanted: Settings, workspace_id: pulumi.Output[str]) -> dict[str, _Datastore]:
    containers = workspace_id.apply(
        lambda guid: default_containers(guid, in_existing_account=bool(wanted.storage_account.existing_in))
    )

    def container(name: str) -> pulumi.Output[str]:
        return containers.apply(lambda known: known[name])

    return {
        name: _Datastore(
            type=DatastoreType.AZURE_FILE if name in FILE_SHARES else DatastoreType.AZURE_BLOB,
            container=container(name),
        )
        for name in DEFAULT_DATASTORES
    }


def _containers(
    wanted: Settings,
    datastores: Mapping[str, _Datastore],
    storage_account: ServiceConnectionArgs,
    options: pulumi.ResourceOptions,
) -> DatastoreContainers:
    settings = wanted.storage_account
    here = [store for store in datastores.values() if not store.is_external]
    return DatastoreContainers(
        f"{settings.name}-containers",
        account=settings.name,
        storage_account=storage_account,
        containers=pulumi.Output.all(*(store.container for store in here)).apply(
            lambda names: _quotas(names, [store.quota_bytes for store in here])
        ),
        named_after=[store.container for store in here if store.settings is None],
        versioned=settings.blob_versioning,
        retention_days=settings.delete_retention_days,
        tags=to_service_tags(settings.tags),
        opts=options,
    )


def _quotas(names: Sequence[str], sizes: Sequence[int]) -> dict[str, int]:
    """The quota of each container: the smallest one if several datastores set it, 0 for none."""
    return {
        name: min((size for other, size in zip(names, sizes, strict=True) if other == name and size), default=0)
        for name in names
    }


def _given(settings: DatastoreSettings) -> dict[str, str]:
    return {
        "endpoint": settings.endpoint,
        "region": settings.region,
        "accessKey": settings.access_key_id,
        "secretKey": settings.secret_access_key,
    }


def _described(
    name: str,
    store: _Datastore,
    own_endpoint: pulumi.Output[str],
    credentials: DatastoreCredentials,
    *,
    is_default: bool,
) -> pulumi.Output[dict[str, Any]]:
    endpoint = store.settings.endpoint.rstrip("/") if store.settings and store.is_external else own_endpoint

    def describe(known: Sequence[Any]) -> dict[str, Any]:
        container, address, paths = known
        return {
            "name": name,
            "type": store.type,
            "container": container,
            "uri": f"{address}/{container}",
            "isDefault": is_default,
            "vaultPath": paths[name],
        }

    return pulumi.Output.all(store.container, endpoint, credentials.paths).apply(describe)
