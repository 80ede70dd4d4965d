"""The workspace record: one document in the storage account that lists everything the workspace consists of.

Written last, when everything it lists is ready. `pulumi refresh` reads it back, so that a record changed or deleted by
hand shows up as a difference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from typing_extensions import override

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.object_store import ObjectStore
from infra.resources.resource import CreateResult, Props, Provider, ReadResult, Resource, UpdateResult
from infra.rules.datastores.default_datastores import RECORD_KEY


class WorkspaceRecordProvider(Provider):
    """Verbs of :class:`WorkspaceRecord`."""

    inputs = ("storage_account", "bucket", "record")

    @override
    def create(self, props: Props) -> CreateResult:
        _write(props)
        return CreateResult(props["record"]["id"], props)

    @override
    def observe(self, id_: str, props: Props) -> ReadResult:
        with at_storage_account(props["storage_account"]["endpoint"], "reading the workspace record"):
            content = _store(props).get_document(props["bucket"], RECORD_KEY)
        return ReadResult(None, {}) if content is None else ReadResult(id_, {**props, "record": _parsed(content)})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _write(_news)
        return UpdateResult(_news)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        with at_storage_account(_props["storage_account"]["endpoint"], "deleting the workspace record"):
            _store(_props).delete_document(_props["bucket"], RECORD_KEY)


def _store(props: Props) -> ObjectStore:
    return ObjectStore(ServiceConnection.of(props["storage_account"]))


def _parsed(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Parse the document; invalid JSON differs from every record, so that the next update writes it again."""
    try:
        return json.loads(content)
    except ValueError:
        return {}


def _write(props: Props) -> None:
    content = json.dumps(props["record"], indent=2, sort_keys=True).encode()
    with at_storage_account(props["storage_account"]["endpoint"], "writing the workspace record"):
        _store(props).put_document(props["bucket"], RECORD_KEY, content, content_type="application/json")


class WorkspaceRecord(Resource, module="machinelearningservices", provider=WorkspaceRecordProvider):
    """The record of one workspace.

    Args:
        name: Logical name.
        storage_account: Connection to the storage account that stores the record, with the root keys.
        bucket: Container of the record.
        record: Content of the record, with Azure's property names.
        opts: Resource options.
    """

    record: pulumi.Output[dict[str, Any]]
    """The record as written."""

    def __init__(
        self,
        name: str,
        *,
        storage_account: pulumi.Input[Mapping[str, Any]],
        bucket: pulumi.Input[str],
        record: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "storage_account": storage_account,
            "bucket": bucket,
            "record": dict(record),
        }
        super().__init__(name, inputs, opts)
