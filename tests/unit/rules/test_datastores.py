import pytest

from infra.rules.datastores import check_datastores

GOOD = {"name": "features", "type": "AzureBlob", "container": "features-v2"}


@pytest.mark.parametrize(
    "name", ["workspaceblobstore", "workspaceartifactstore", "WorkspaceFileStore", "workspaceworkingdirectory"]
)
def test_names_of_default_datastores_are_taken(name: str) -> None:
    (violation,) = check_datastores([GOOD | {"name": name}])

    assert violation.key == "datastores[0].name"
    assert "default datastore" in violation.message


@pytest.mark.parametrize("type_", ["AzureBlob", "AzureFile"])
def test_good_datastore_passes(type_: str) -> None:
    assert check_datastores([GOOD | {"type": type_}]) == []


@pytest.mark.parametrize(
    ("type_", "proposal"), [("azurefile", "AzureFile"), ("azure_blob", "AzureBlob"), ("S3", "AzureBlob")]
)
def test_other_type_is_refused(type_: str, proposal: str) -> None:
    (violation,) = check_datastores([GOOD | {"type": type_}])

    assert violation.key == "datastores[0].type"
    assert f"set 'type' to '{proposal}'" in violation.message


@pytest.mark.parametrize(("type_", "words"), [("AzureBlob", "blob container"), ("AzureFile", "file share")])
def test_container_name_is_judged_by_what_the_type_stands_on(type_: str, words: str) -> None:
    (violation,) = check_datastores([GOOD | {"type": type_, "container": "Features_1"}])

    assert violation.key == "datastores[0].container"
    assert words in violation.message


def test_second_datastore_of_a_name_is_refused_and_names_the_first() -> None:
    (violation,) = check_datastores([GOOD, GOOD | {"name": "labels"}, GOOD])

    assert violation.key == "datastores[2].name"
    assert "datastores[0] has the same name" in violation.message


def test_two_datastores_may_stand_on_one_container() -> None:
    assert check_datastores([GOOD, GOOD | {"name": "labels"}]) == []


def test_every_violation_is_told() -> None:
    found = check_datastores(
        [{"name": "Bad-Name", "type": "Blob", "container": "x"}, {"name": "", "type": "AzureFile"}]
    )

    assert [violation.key for violation in found] == [
        "datastores[0].name",
        "datastores[0].type",
        "datastores[0].container",
        "datastores[1].name",
    ]
