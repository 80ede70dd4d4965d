"""Datastores: names for containers of the storage account, or of an object store elsewhere; never credentials.

What lets in to one is in the key vault, at the path that the stack's output names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.resources.datastore_containers import DatastoreContainers
from infra.resources.datastore_credentials import DatastoreCredentials
from infra.rules.datastores.registered_datastores import DEFAULT_DATASTORES, DatastoreType
from infra.settings import DatastoreSettings

ARTIFACT_CONTAINER = "azureml"
"""Container of the artifact store; the workspace record lies in it too."""

GIB = 2**30


@dataclass(frozen=True, kw_only=True, slots=True)
class DataHome:
    """The storage account that a workspace keeps its data in: its own, or one that it shares."""

    account: str
    """Name of the account; prefix of logical names."""

    endpoint: pulumi.Output[str]
    keys: pulumi.Output[dict[str, str]]

    trust: pulumi.Input[str]
    """Authority (PEM) of the account's certificate; empty for plain HTTP."""

    versioned: bool
    retention_days: int
    tags: Mapping[str, str]
    """The account's tags in the alphabet of the services' metadata."""

    options: pulumi.ResourceOptions
    """Options of what lies in the account."""

    shared: bool
    """Whether another stack owns the account, with a workspace of its own in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretHome:
    """The key vault that keeps the datastores' credentials: the workspace's own, or one that it shares."""

    endpoint: pulumi.Output[str]
    token: pulumi.Output[str]
    trust: pulumi.Input[str]
    """As of the account."""

    shared: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Datastore:
    type: str
    container: pulumi.Output[str]
    settings: DatastoreSettings | None = None

    @property
    def is_elsewhere(self) -> bool:
        return self.type == DatastoreType.S3

    @property
    def quota_bytes(self) -> int:
        return int((self.settings.quota_in_gib or 0) * GIB) if self.settings else 0


def artifact_container(home: DataHome, workspace_id: pulumi.Output[str]) -> pulumi.Output[str]:
    """Container of the artifact store; Azure's fixed name, unless the account's owner has that already."""
    if home.shared:
        return workspace_id.apply(lambda guid: f"{ARTIFACT_CONTAINER}-{guid}")
    return pulumi.Output.from_input(ARTIFACT_CONTAINER)


def provision_datastores(
    home: DataHome,
    vault: SecretHome,
    registered: Sequence[DatastoreSettings],
    *,
    workspace_id: pulumi.Output[str],
    guest_options: pulumi.ResourceOptions,
) -> dict[str, pulumi.Output[dict[str, Any]]]:
    """Make the containers of the default and the registered datastores, and their credentials.

    Args:
        home: Where containers are.
        vault: Where credentials are.
        registered: The datastores of the stack file.
        workspace_id: GUID of the workspace.
        guest_options: Options of what has to be taken out of a service that another stack owns.

    Returns:
        For each datastore its ``name``, ``type``, ``container``, ``uri``, ``isDefault`` and ``vaultPath``, known when
        its container and its credentials exist.
    """
    wanted = _default_datastores(home, workspace_id)
    wanted |= {
        store.name: _Datastore(type=store.type, container=pulumi.Output.from_input(store.container), settings=store)
        for store in registered
    }
    containers = _containers(home, wanted)
    credentials = _credentials(home, vault, wanted, containers, workspace_id=workspace_id, guest_options=guest_options)
    default = next((store.name for store in registered if store.is_default), DEFAULT_DATASTORES[0])
    return {
        name: _described(name, store, home, credentials, is_default=name == default) for name, store in wanted.items()
    }


def _default_datastores(home: DataHome, workspace_id: pulumi.Output[str]) -> dict[str, _Datastore]:
    """Type and container of Azure's four default datastores, named after the workspace's GUID (concept-data)."""
    blob, file = DatastoreType.AZURE_BLOB, DatastoreType.AZURE_FILE
    named = {
        DEFAULT_DATASTORES[0]: (blob, workspace_id.apply(lambda guid: f"azureml-blobstore-{guid}")),
        DEFAULT_DATASTORES[1]: (blob, artifact_container(home, workspace_id)),
        DEFAULT_DATASTORES[2]: (file, workspace_id.apply(lambda guid: f"azureml-filestore-{guid}")),
        DEFAULT_DATASTORES[3]: (file, workspace_id.apply(lambda guid: f"code-{guid}")),
    }
    return {name: _Datastore(type=str(kind), container=container) for name, (kind, container) in named.items()}


def _containers(home: DataHome, wanted: Mapping[str, _Datastore]) -> DatastoreContainers:
    here = [store for store in wanted.values() if not store.is_elsewhere]
    return DatastoreContainers(
        f"{home.account}-containers",
        account=home.account,
        endpoint=home.endpoint,
        keys=home.keys,
        authority=home.trust,
        containers=pulumi.Output.all(*(store.container for store in here)).apply(
            lambda names: _quotas(names, [store.quota_bytes for store in here])
        ),
        named_after=[store.container for store in here if store.settings is None],
        versioned=home.versioned,
        retention_days=home.retention_days,
        tags=home.tags,
        opts=home.options,
    )


def _quotas(names: Sequence[str], sizes: Sequence[int]) -> dict[str, int]:
    """The quota of each container; of several for one container the smallest, and 0 for none."""
    return {
        name: min((size for other, size in zip(names, sizes, strict=True) if other == name and size), default=0)
        for name in names
    }


def _credentials(
    home: DataHome,
    vault: SecretHome,
    wanted: Mapping[str, _Datastore],
    containers: DatastoreContainers,
    *,
    workspace_id: pulumi.Output[str],
    guest_options: pulumi.ResourceOptions,
) -> DatastoreCredentials:
    # Only when the containers exist: an account is tried out on its container.
    endpoint = pulumi.Output.all(home.endpoint, containers.containers).apply(lambda known: str(known[0]))
    return DatastoreCredentials(
        f"{home.account}-datastores",
        storage={
            "endpoint": endpoint,
            "accessKey": home.keys.apply(lambda keys: keys["accessKey"]),
            "secretKey": home.keys.apply(lambda keys: keys["secretKey"]),
            "authority": home.trust,
        },
        vault={"endpoint": vault.endpoint, "token": vault.token, "authority": vault.trust},
        workspace_id=workspace_id,
        record_container=artifact_container(home, workspace_id),
        datastores=[{"name": name, "type": store.type, "container": store.container} for name, store in wanted.items()],
        given={name: _given(store.settings) for name, store in wanted.items() if store.settings and store.is_elsewhere},
        shares_storage=home.shared,
        shares_vault=vault.shared,
        opts=guest_options if home.shared or vault.shared else home.options,
    )


def _given(settings: DatastoreSettings) -> dict[str, str]:
    return {
        "endpoint": settings.endpoint,
        "region": settings.region,
        "accessKey": settings.access_key_id,
        "secretKey": settings.secret_access_key,
    }


def _described(
    name: str, store: _Datastore, home: DataHome, credentials: DatastoreCredentials, *, is_default: bool
) -> pulumi.Output[dict[str, Any]]:
    endpoint = store.settings.endpoint.rstrip("/") if store.settings and store.is_elsewhere else home.endpoint

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
