"""A workspace's containers in its storage account, all in one resource, because each resource slows down updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from typing_extensions import override

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_containers import BlobContainers, ContainerSettings
from infra.clients.storage.storage_admin import StorageAdmin
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.resource import CreateResult, Props, Provider, ReadResult, Resource, UpdateResult


class DatastoreContainersProvider(Provider):
    """Verbs of :class:`DatastoreContainers`."""

    inputs = ("storage_account", "containers", "versioned", "retention_days", "tags")

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["account"], {**props, "made": _apply(props, quotas_before={})})

    @override
    def observe(self, id_: str, props: Props) -> ReadResult:
        # Quotas are not compared: only the more expensive admin API returns them.
        names, wanted = list(props["containers"]), _settings(props)
        with at_storage_account(props["storage_account"]["endpoint"], "reading containers"):
            found = _containers(props).describe(names)
        if names and not any(found.values()):
            return ReadResult(None, {})
        as_wanted = {name: quota for name, quota in props["containers"].items() if _same(found[name], wanted)}
        return ReadResult(id_, {**props, "containers": as_wanted})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        made = _apply(_news, quotas_before=_olds["containers"])
        # A container that a datastore no longer uses is kept, as in Azure, and still belongs to the workspace.
        return UpdateResult({**_news, "made": sorted({*_olds["made"], *made})})

    @override
    def delete(self, _id: str, _props: Props) -> None:
        # In a shared account, a container that already existed may belong to another workspace; but those named after
        # this one's id are its own, even if the run that created them was killed before it could record them.
        names = sorted({*_props["made"], *_props.get("named_after", [])})
        with at_storage_account(_props["storage_account"]["endpoint"], "deleting empty containers"):
            _containers(_props).delete_empty(names)


def _same(found: ContainerSettings | None, wanted: ContainerSettings) -> bool:
    if found is None or (found.versioned, found.encrypted) != (wanted.versioned, wanted.encrypted):
        return False
    return found.tags == wanted.tags and (not wanted.versioned or found.retention_days == wanted.retention_days)


def _apply(props: Props, *, quotas_before: Mapping[str, float]) -> list[str]:
    quotas = {name: int(size) for name, size in props["containers"].items()}
    with at_storage_account(props["storage_account"]["endpoint"], "creating containers"):
        made = _containers(props).ensure(list(quotas), _settings(props))
        changed = {name: size for name, size in quotas.items() if size != int(quotas_before.get(name, 0))}
        if changed:
            admin = StorageAdmin(ServiceConnection.of(props["storage_account"]))
            for name, size in changed.items():
                admin.set_quota(name, size)
    return made


def _settings(props: Props) -> ContainerSettings:
    return ContainerSettings(
        versioned=props["versioned"], retention_days=int(props["retention_days"]), tags=props["tags"]
    )


def _containers(props: Props) -> BlobContainers:
    return BlobContainers(ServiceConnection.of(props["storage_account"]))


class DatastoreContainers(Resource, module="storage", provider=DatastoreContainersProvider):
    """The containers of a workspace's datastores.

    Deleting it deletes empty containers that it created. A container that holds blobs, or that already existed in the
    account, is kept, as in Azure when a datastore is unregistered; it is deleted with the storage account.

    Args:
        name: Logical name.
        account: Name of the account.
        storage_account: Connection to it, with the root keys.
        containers: Name of each container to its quota in bytes; 0 for no quota.
        named_after: The containers that are named after the workspace.
        versioned: Whether overwritten and deleted blobs are kept as versions.
        retention_days: Days after which old versions are removed.
        tags: Tags, encoded for the services' metadata.
        opts: Resource options.
    """

    containers: pulumi.Output[dict[str, int]]
    """The containers; known when they exist."""

    def __init__(
        self,
        name: str,
        *,
        account: str,
        storage_account: ServiceConnectionArgs,
        containers: pulumi.Output[dict[str, int]],
        named_after: Sequence[pulumi.Input[str]],
        versioned: bool,
        retention_days: int,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "account": account,
            "storage_account": storage_account.to_input(),
            "containers": containers,
            "named_after": list(named_after),
            "versioned": versioned,
            "retention_days": retention_days,
            "tags": dict(tags),
        }
        super().__init__(name, inputs, opts)
