"""The workspace record: what a refresh makes of a document that was changed by hand."""

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


def test_a_record_as_it_was_written_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    _kept(monkeypatch, b'{"id": "/workspaces/mlw", "sku": "Basic"}')

    assert WorkspaceRecordProvider().read("id", PROPS).outs == PROPS


@pytest.mark.parametrize(
    "document",
    [b'{"id": "/workspaces/other"}', b"{", b"\xff\xfe", b"[]"],
    ids=["changed", "cut short", "no text", "no record"],
)
def test_whatever_else_stands_there_is_a_difference_that_the_next_update_mends(
    monkeypatch: pytest.MonkeyPatch, document: bytes
) -> None:
    _kept(monkeypatch, document)
    provider = WorkspaceRecordProvider()

    found = provider.read("id", PROPS)

    assert found.id == "id"
    assert provider.diff("id", dict(found.outs or {}), PROPS).changes


def test_a_record_that_is_gone_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _kept(monkeypatch, None)

    assert WorkspaceRecordProvider().read("id", PROPS).id is None
