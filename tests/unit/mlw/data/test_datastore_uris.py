"""Paths of data in Azure's forms, and those that lead elsewhere."""

import pytest

from mlw.data.data_errors import DataPathError
from mlw.data.datastore_uris import DatastoreUri, JobUri, refuse_elsewhere

LONG = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/store/paths/a b/ü.csv"


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("azureml://datastores/store/paths/a/b.csv", DatastoreUri("store", "a/b.csv")),
        ("azureml://datastores/store/paths/a/", DatastoreUri("store", "a", is_folder=True)),
        ("azureml://datastores/store/paths/", DatastoreUri("store", "", is_folder=True)),
        (LONG, DatastoreUri("store", "a b/ü.csv")),
    ],
    ids=["file", "folder", "everything", "long form"],
)
def test_a_uri_names_a_datastore_and_a_path(text: str, uri: DatastoreUri) -> None:
    assert DatastoreUri.parse(text, "reading") == uri
    assert DatastoreUri.parse(str(uri), "reading") == uri


@pytest.mark.parametrize(
    "path",
    ["../b", "a/../../b", "a//b", "./a", "a\nb", "a\\b"],
    ids=["up", "up and out", "empty", "dot", "line", "back"],
)
def test_a_path_that_could_lead_out_is_rejected(path: str) -> None:
    with pytest.raises(DataPathError, match="reading: path"):
        DatastoreUri.parse(f"azureml://datastores/store/paths/{path}", "reading")


def test_other_forms_are_said() -> None:
    with pytest.raises(DataPathError, match="'azureml://store/a' is not azureml://datastores/NAME/paths/PATH"):
        DatastoreUri.parse("azureml://store/a", "reading")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("wasbs://c@account.blob.core.windows.net/a", r"storage of the cloud \(wasbs://\) cannot be reached"),
        ("abfss://c@account.dfs.core.windows.net/a", r"\(abfss://\)"),
        ("azureml://registries/r/data/d/versions/1", "registries are a service of Azure"),
    ],
    ids=["wasbs", "abfss", "registry"],
)
def test_storage_of_the_cloud_is_refused_with_the_reason(path: str, message: str) -> None:
    with pytest.raises(DataPathError, match=message):
        refuse_elsewhere(path, "reading")


def test_outputs_of_jobs_have_a_form_of_their_own() -> None:
    assert JobUri.parse("azureml://jobs/j/outputs/model/paths/a/b", "reading") == JobUri("j", "model", "a/b")
    assert JobUri.parse("azureml://jobs/j/outputs/artifacts", "reading") == JobUri("j", "artifacts")
    assert JobUri.parse("azureml://datastores/s/paths/a", "reading") is None
