"""The workspace record: one document in the storage account that names everything the workspace is made of.

Written last, when all that it names is ready. `pulumi refresh` reads it back, so that a record which was changed or
deleted by hand shows up as a difference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra.clients.object_store import ObjectStore
from infra.clients.reaching import reaching
from infra.errors import RecordError
from infra.resources.base import Props, Provider

RECORD_KEY = "workspace.json"


class _WorkspaceRecordProvider(Provider):
    inputs = ("endpoint", "access_key", "secret_key", "bucket", "record", "authority")

    def create(self, props: Props) -> CreateResult:
        _write(props)
        return CreateResult(props["record"]["id"], props)

    def observe(self, id_: str, props: Props) -> ReadResult:
        with _reaching(props):
            content = _store(props).get_document(props["bucket"], RECORD_KEY)
        if content is None:
            return ReadResult(None, {})
        try:
            record = json.loads(content)
        except ValueError as exc:
            raise RecordError(
                f"reading the workspace record '{props['bucket']}/{RECORD_KEY}': it is not JSON ({exc}). "
                "Delete the document and run `pulumi refresh` and `pulumi up`, which write it anew."
            ) from exc
        return ReadResult(id_, {**props, "record": record})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _write(_news)
        return UpdateResult(_news)

    def delete(self, _id: str, _props: Props) -> None:
        with _reaching(_props):
            _store(_props).delete_document(_props["bucket"], RECORD_KEY)


def _store(props: Props) -> ObjectStore:
    return ObjectStore(props["endpoint"], props["access_key"], props["secret_key"], props.get("authority") or "")


def _reaching(props: Props) -> AbstractContextManager[None]:
    return reaching("storage account", props["endpoint"])


def _write(props: Props) -> None:
    content = json.dumps(props["record"], indent=2, sort_keys=True).encode()
    with _reaching(props):
        _store(props).put_document(props["bucket"], RECORD_KEY, content, content_type="application/json")


class WorkspaceRecord(Resource, module="ml-workspace", name="WorkspaceRecord"):
    """The record of one workspace.

    Args:
        name: Logical name.
        endpoint: Base URL of the storage account that keeps the record.
        keys: The account's ``accessKey`` and ``secretKey``.
        bucket: Container that the record lies in.
        authority: Authority (PEM) of the account's certificate; empty for plain HTTP.
        record: Everything the record says, in Azure's property names.
        opts: Resource options.
    """

    record: pulumi.Output[dict[str, Any]]
    """The record as it was written."""

    def __init__(
        self,
        name: str,
        *,
        endpoint: pulumi.Input[str],
        keys: pulumi.Output[dict[str, str]],
        bucket: pulumi.Input[str],
        authority: pulumi.Input[str],
        record: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "endpoint": endpoint,
            "access_key": keys.apply(lambda values: values["accessKey"]),
            "secret_key": keys.apply(lambda values: values["secretKey"]),
            "bucket": bucket,
            "authority": authority,
            "record": dict(record),
        }
        super().__init__(_WorkspaceRecordProvider(), name, props, opts)
