"""Commands on a stack whose storage account is in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from infra.clients.service_connection import ServiceConnection
from mlw.activity import recording
from mlw.assets import asset_blobs
from mlw.azure_files import checking
from mlw.data import data_workspace, lineage
from mlw.data.data_workspace import DataWorkspace
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_documents import CONNECTION, MemoryDocuments
from tests.unit.states import Place

STORES = [
    {"name": "workspaceblobstore", "type": "AzureBlob", "container": "blobs", "isDefault": True},
    {"name": "workspaceartifactstore", "type": "AzureBlob", "container": "azureml", "isDefault": False},
]


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> MemoryBlobs:
    made = MemoryBlobs()
    monkeypatch.setattr(data_workspace, "BlobData", lambda _connection: made)
    return made


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> MemoryDocuments:
    made = MemoryDocuments()
    for module in (asset_blobs, lineage):
        monkeypatch.setattr(module, "ConditionalDocuments", lambda _connection: made)
    return made


@pytest.fixture
def workspace(
    place: Place, blobs: MemoryBlobs, documents: MemoryDocuments, monkeypatch: pytest.MonkeyPatch
) -> DataWorkspace:
    """The workspace of stack `dev`; files are not checked by Azure's package."""
    place.deploy("dev")
    made = workspace_of(CONNECTION, STORES)
    monkeypatch.setattr(DataWorkspace, "of", lambda *_: made)
    monkeypatch.setattr(recording, "run", lambda _records, _params, action: action())
    monkeypatch.setattr(checking, "problems", lambda *_: [])
    return made


def workspace_of(connection: ServiceConnection, stores: Sequence[Mapping[str, Any]]) -> DataWorkspace:
    return DataWorkspace(connection, stores, user="dora")
