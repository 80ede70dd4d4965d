"""The workspace record: how a refresh handles a document that was changed by hand."""

from typing import Any

import pytest

from infra.clients.storage.object_store import ObjectStore
from infra.resources.workspace_record import WorkspaceRecordProvider

PROPS: dict[str, Any] = {
    "storage_account": {
        "endpoint": "http://127.0.0.1:1",
        "credentials": {"accessKey": "key", "secretKey": "word"},
        "ca_certificate": "",
    },
    "bucket": "azureml",
    "record": {"id": "/workspaces/mlw", "sku": "Basic"},
}


def _kept(monkeypatch: pytest.MonkeyPatch, document: bytes | None) -> None:
    monkeypatch.setattr(ObjectStore, "get_document", lambda *_: document)


def test_an_unchanged_record_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    _kept(monkeypatch, b'{"id": "/workspaces/mlw", "sku": "Basic"}')

    assert WorkspaceRecordProvider().read("id", PROPS).outs == PROPS


@pytest.mark.parametrize(
    "document",
    [b'{"id": "/workspaces/other"}', b"{", b"\xff\xfe", b"[]"],
    ids=["changed", "truncated", "not text", "not a record"],
)
def test_any_other_content_is_a_difference_that_the_next_update_repairs(
    monkeypatch: pytest.MonkeyPatch, document: bytes
) -> None:
    _kept(monkeypatch, document)
    provider = WorkspaceRecordProvider()

    found = provider.read("id", PROPS)

    assert found.id == "id"
    assert provider.diff("id", dict(found.outs or {}), PROPS).changes


def test_a_deleted_record_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _kept(monkeypatch, None)

    assert WorkspaceRecordProvider().read("id", PROPS).id is None
