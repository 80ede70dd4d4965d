"""What replaces Azure's images and environments, and what an image is made of."""

from typing import Any

import pytest

from mlw.environments import planning, replacements
from mlw.environments.environment_errors import EnvironmentFileError

OPENMPI = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest"


def conda(*dependencies: object) -> dict[str, Any]:
    return {"dependencies": list(dependencies)}


@pytest.mark.parametrize(
    ("reference", "packages"),
    [
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", "scikit-learn==1.5.*"),
        ("azureml://registries/azureml/environments/sklearn-1.1/versions/4", "scikit-learn==1.1.*"),
        ("azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu@latest", "scikit-learn==1.0.*"),
        ("azureml:AzureML-sklearn-0.24-ubuntu18.04-py37-cpu:23", "pandas<2"),
        ("azureml:AzureML-pytorch-1.10-ubuntu18.04-py38-cuda11-gpu@latest", "torch"),
        ("azureml:AzureML-lightgbm-3.2-ubuntu18.04-py37-cpu:12", "lightgbm==3.2.*"),
        ("azureml://registries/azureml/environments/python-sdk-v2/versions/1", "scikit-learn"),
        ("azureml:sklearn-1.0@latest", "scikit-learn==1.0.*"),
    ],
    ids=str,
)
def test_a_curated_environment_is_replaced_and_told(reference: str, packages: str) -> None:
    found = planning.plan(reference)

    assert {packages, "mlflow"} <= set(found.requirements)
    assert "is replaced by Python with" in found.notices[0]


@pytest.mark.parametrize(
    "reference",
    [
        "azureml:mine:3",
        "azureml:mine@latest",
        "azureml:my-sklearn-1.5@latest",
        "azureml:sklearn-mine:1",
        "python:3.11",
        "azureml://datastores/x",
    ],
    ids=str,
)
def test_other_references_are_not_curated(reference: str) -> None:
    assert replacements.curated_name(reference) == ""


@pytest.mark.parametrize(
    "image",
    [
        OPENMPI,
        "mcr.microsoft.com/azureml/openmpi3.1.2-ubuntu18.04",
        "library/python:latest",
        "docker.io/python",
        "python:3.11-slim",
        "ubuntu:22.04",
        "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04:latest",
        "library/python:3.11.6",
    ],
    ids=str,
)
def test_an_image_is_replaced_by_the_projects_own_python(image: str) -> None:
    found = planning.plan({"image": image})

    assert (found.image, found.python, found.requirements) == ("", "3.11", ())
    assert f"image '{image}' is replaced" in found.notices[0]


def test_any_other_image_is_used_as_it_is() -> None:
    assert planning.plan({"image": "127.0.0.1:5000/train:1"}) == planning.Plan(image="127.0.0.1:5000/train:1")


def test_packages_of_a_conda_file_are_added_to_a_replaced_image() -> None:
    found = planning.plan({"image": OPENMPI, "conda_file": conda("python=3.11", {"pip": ["pandas"]})})

    assert (found.python, found.requirements, found.is_raised) == ("3.11", ("pandas",), False)


def test_the_version_in_a_conda_file_counts_before_that_of_the_image() -> None:
    found = planning.plan({"image": "pytorch/pytorch:latest", "conda_file": conda({"pip": ["torch==2.9.0"]})})

    assert found.requirements == ("torch==2.9.0", "torchvision", "numpy")


def test_python_of_a_conda_file_and_of_a_tag_is_raised_only_if_allowed() -> None:
    environment = {"image": OPENMPI, "conda_file": conda("python=3.8")}

    for one in (environment, {"image": "python:3.7"}):
        with pytest.raises(EnvironmentFileError, match="--allow-newer-python"):
            planning.plan(one)
        assert any("warning: Python 3.11" in line for line in planning.plan(one, allow_newer_python=True).notices)
    assert planning.plan(environment, allow_newer_python=True).is_raised


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"build": {"path": "."}}, "needs a Dockerfile to be run.*Use `image` with `conda_file`"),
        ({"name": "x"}, "neither `image` nor `build`"),
        ({"image": "nvcr.io/nvidia/pytorch:24.01-py3"}, "for GPUs"),
        ({"image": "mine:1", "conda_file": conda("six")}, "'mine:1' is not one of them"),
        ("azureml:AzureML-rapids-23.04@latest", "for GPUs"),
        ("azureml://registries/azureml/environments/nothing-known/versions/1", "nothing is known to replace it"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused_with_a_proposal(environment: dict[str, Any] | str, message: str) -> None:
    with pytest.raises(EnvironmentFileError, match=message):
        planning.plan(environment)


def test_an_image_is_identified_by_what_it_is_made_of() -> None:
    one = planning.Plan(requirements=("a", "b"), notices=("told",))

    assert one.key("base") == planning.Plan(requirements=("b", "a")).key("base")
    others = [planning.Plan(requirements=("a",)), planning.Plan(requirements=("a", "b"), is_raised=True)]
    assert len({one.key("base"), one.key("other"), *(other.key("base") for other in others)}) == 4


def test_a_newer_python_is_allowed_in_every_environment_of_a_document() -> None:
    written = {"image": OPENMPI, "conda_file": conda("python=3.8")}
    component = {"component": {"environment": "azureml:x:1"}}
    document = {"jobs": {"a": {"environment": written}, "b": component}, "tags": [1]}

    found = planning.allowing_newer_python(document)

    assert planning.plan(found["jobs"]["a"]["environment"]).is_raised
    assert found["jobs"]["b"] == component
    assert planning.ALLOW_NEWER not in written
