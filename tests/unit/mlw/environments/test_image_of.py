"""Which environment a reference means."""

import pytest

from mlw.assets import asset_blobs
from mlw.assets.asset_errors import AssetNotFoundError
from mlw.assets.asset_references import AssetKind
from mlw.assets.asset_store import AssetStore
from mlw.environments.image_of import plan_of
from tests.support.memory_documents import CONNECTION, MemoryDocuments


@pytest.fixture
def assets(monkeypatch: pytest.MonkeyPatch) -> AssetStore:
    documents = MemoryDocuments()
    monkeypatch.setattr(asset_blobs, "ConditionalDocuments", lambda _connection: documents)
    return AssetStore(CONNECTION, "azureml", user="dora")


@pytest.mark.parametrize("name", ["sklearn-1.0", "AzureML-sklearn-1.0-ubuntu20.04-py38-cpu"])
def test_a_curated_environment_is_one_of_the_workspace_if_it_is_registered_there(assets: AssetStore, name: str) -> None:
    curated = plan_of(f"azureml:{name}@latest", assets)
    assets.create(AssetKind.ENVIRONMENT, name, None, {"image": "example.org/mine:1"})

    assert "scikit-learn==1.0.*" in curated.requirements
    assert plan_of(f"azureml:{name}@latest", assets).image == "example.org/mine:1"


def test_an_environment_that_nobody_knows_is_an_error(assets: AssetStore) -> None:
    with pytest.raises(AssetNotFoundError, match="no such environment in this workspace"):
        plan_of("azureml:mine@latest", assets)
