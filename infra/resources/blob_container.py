"""Blob containers (and file shares) of a storage account: buckets with versioning and tags."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra.clients.object_store import ObjectStore
from infra.clients.reaching import reaching
from infra.resources.base import Props, Provider


class _BlobContainerProvider(Provider):
    inputs = ("endpoint", "access_key", "secret_key", "container_name", "versioned", "tags")

    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["container_name"], {**props, "made": _apply(props)})

    def observe(self, id_: str, props: Props) -> ReadResult:
        # Not by the id: a datastore that got another container keeps its resource, and with it the first one's id.
        with _reaching(props):
            found = _store(props).describe_bucket(props["container_name"])
        if found is None:
            return ReadResult(None, {})
        versioned, tags = found
        return ReadResult(id_, {**props, "versioned": versioned, "tags": tags})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        made = _apply(_news)
        same = _olds["container_name"] == _news["container_name"]
        return UpdateResult({**_news, "made": _olds.get("made", True) if same else made})

    def delete(self, _id: str, _props: Props) -> None:
        # A container that was there before may be another workspace's, in an account that both use.
        if _props.get("made", True):
            with _reaching(_props):
                _store(_props).delete_bucket_if_empty(_props["container_name"])


def _store(props: Props) -> ObjectStore:
    return ObjectStore(props["endpoint"], props["access_key"], props["secret_key"])


def _reaching(props: Props) -> AbstractContextManager[None]:
    return reaching("storage account", props["endpoint"])


def _apply(props: Props) -> bool:
    store = _store(props)
    with _reaching(props):
        made = store.ensure_bucket(props["container_name"], versioned=props["versioned"])
        store.set_bucket_tags(props["container_name"], props["tags"])
    return made


class BlobContainer(Resource, module="ml-workspace", name="BlobContainer"):
    """One container of a storage account.

    Deleting it deletes a container that is empty and was made here. One that holds blobs, or was found in the account,
    stays where it is, as it does in Azure when a datastore is unregistered; it goes with the storage account.

    Args:
        name: Logical name.
        endpoint: The account's base URL.
        keys: The account's ``accessKey`` and ``secretKey``.
        container_name: Name of the container.
        versioned: Whether overwritten and deleted blobs stay as versions.
        tags: Tags in the alphabet of the services' metadata.
        opts: Resource options.
    """

    container_name: pulumi.Output[str]
    """Name of the container, known only when it exists."""

    def __init__(
        self,
        name: str,
        *,
        endpoint: pulumi.Input[str],
        keys: pulumi.Output[dict[str, str]],
        container_name: pulumi.Input[str],
        versioned: bool,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "endpoint": endpoint,
            "access_key": keys.apply(lambda values: values["accessKey"]),
            "secret_key": keys.apply(lambda values: values["secretKey"]),
            "container_name": container_name,
            "versioned": versioned,
            "tags": dict(tags),
        }
        super().__init__(_BlobContainerProvider(), name, props, opts)
