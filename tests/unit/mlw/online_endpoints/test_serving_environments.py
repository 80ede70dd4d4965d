"""Which environments have a server, and which server is added to them."""

from typing import Any, cast

import pytest

from infra.clients.service_connection import ServiceConnection
from mlw.assets.asset_store import AssetStore
from mlw.environments import environment_images
from mlw.environments.environment_images import EnvironmentImage
from mlw.environments.image_of import EnvironmentAccess
from mlw.environments.planning import Plan
from mlw.online_endpoints import serving_environments
from mlw.online_endpoints.endpoint_errors import EndpointError

ACCESS = EnvironmentAccess(registry=ServiceConnection(endpoint="http://127.0.0.1:1"), assets=cast("AssetStore", None))
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest"


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    found: list[Plan] = []

    def provide(plan: Plan, *_: object) -> EnvironmentImage:
        found.append(plan)
        return EnvironmentImage(reference="r", digest="", notices=plan.notices)

    monkeypatch.setattr(environment_images, "provide", provide)
    return found


def conda(*packages: str, image: str = IMAGE) -> dict[str, Any]:
    return {"image": image, "conda_file": {"dependencies": ["python=3.11", {"pip": list(packages)}]}}


def provide(environment: dict[str, Any] | str, server: str) -> list[str]:
    said: list[str] = []
    serving_environments.provide(environment, ACCESS, server=server, log=said.append)
    return said


def test_a_server_that_is_named_stays_as_it_is(planned: list[Plan]) -> None:
    provide(conda("joblib", "azureml-inference-server-http==1.4.0"), "score")

    assert planned[0].requirements == ("joblib", "azureml-inference-server-http==1.4.0")


def test_azures_defaults_are_replaced_by_the_server(planned: list[Plan]) -> None:
    said = provide(conda("joblib", "azureml-defaults==1.38.0"), "score")

    assert planned[0].requirements == ("joblib", "azureml-inference-server-http")
    assert any("'azureml-defaults' is replaced" in one for one in said)


@pytest.mark.parametrize(
    "environment",
    [
        "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
        "mcr.microsoft.com/azureml/minimal-ubuntu22.04-py310-cpu-inference:latest",
    ],
)
def test_azures_own_environments_have_the_server(planned: list[Plan], environment: str) -> None:
    provide(environment, "score")

    assert "azureml-inference-server-http" in planned[0].requirements


def test_a_missing_server_is_an_error_that_names_the_line(planned: list[Plan]) -> None:
    with pytest.raises(EndpointError, match="Add `- azureml-inference-server-http`"):
        provide(conda("joblib"), "score")

    assert planned == []


@pytest.mark.parametrize(
    ("packages", "added"),
    [
        (("mlflow==3.17.2",), ()),
        (("mlflow-skinny==3.17.2",), ("mlflow==3.17.2",)),
        (("scikit-learn",), ("mlflow",)),
    ],
)
def test_a_model_of_mlflow_gets_all_of_mlflow(
    planned: list[Plan], packages: tuple[str, ...], added: tuple[str, ...]
) -> None:
    provide(conda(*packages), "mlflow")

    assert planned[0].requirements == (*packages, *added)
