"""A store of assets whose blobs are in memory."""

import pytest

from mlw.assets import asset_blobs
from mlw.assets.asset_store import AssetStore
from tests.support.memory_documents import CONNECTION, MemoryDocuments


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> MemoryDocuments:
    made = MemoryDocuments()
    monkeypatch.setattr(asset_blobs, "ConditionalDocuments", lambda _connection: made)
    return made


@pytest.fixture
def store(blobs: MemoryDocuments) -> AssetStore:
    return AssetStore(CONNECTION, "azureml", user="dora")
