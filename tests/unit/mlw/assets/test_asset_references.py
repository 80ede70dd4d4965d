"""References to assets as Azure's YAML has them."""

import pytest

from mlw.assets.asset_errors import AssetNameError
from mlw.assets.asset_references import AssetKind, AssetReference, version_order

DATA = AssetKind.DATA


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("azureml:iris:3", "iris", "3"),
        ("iris:3", "iris", "3"),
        ("azureml:iris@latest", "iris", None),
        ("iris@latest", "iris", None),
        ("azureml:sklearn-1.5:2024-01", "sklearn-1.5", "2024-01"),
    ],
    ids=["with scheme", "without", "latest", "latest without scheme", "odd characters"],
)
def test_a_reference_has_a_name_and_a_version_or_means_the_latest(text: str, name: str, version: str | None) -> None:
    found = AssetReference.parse(text, DATA)

    assert (found.name, found.version) == (name, version)
    assert AssetReference.parse(str(found), DATA) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("azureml:iris", "allowed are azureml:NAME:VERSION or azureml:NAME@latest"),
        ("azureml:/subscriptions/s/data/iris/versions/3", "allowed are"),
        ("azureml:iris@newest", "label 'newest' is not known; allowed: latest"),
        ("azureml:../iris:3", "name '../iris' is not valid"),
        ("azureml:iris:3/4", "version '3/4' is not valid"),
        ("azureml::3", "name '' is not valid"),
        ("azureml://registries/azureml/data/iris/versions/3", "registries are a service of Azure"),
    ],
    ids=["no version", "resource id", "label", "name climbs out", "version with slash", "empty name", "registry"],
)
def test_other_references_are_rejected(text: str, message: str) -> None:
    with pytest.raises(AssetNameError, match=message.replace(".", r"\.")):
        AssetReference.parse(text, DATA)


def test_versions_that_are_numbers_are_ordered_by_value() -> None:
    assert sorted(["10", "9", "a", "2", "1.5"], key=version_order) == ["1.5", "a", "2", "9", "10"]


def test_a_name_alone_means_the_latest_version_of_an_environment_or_a_component() -> None:
    for kind in (AssetKind.ENVIRONMENT, AssetKind.COMPONENT):
        assert AssetReference.parse("azureml:train", kind) == AssetReference("train")
