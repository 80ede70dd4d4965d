"""Containers that a workspace may register in an account of another stack."""

import pytest

from infra.rules.datastores.shared_containers import RULE, check_shared_containers

GUID = "01234567-89ab-cdef-0123-456789abcdef"


def check(container: object, type_: str = "AzureBlob") -> list[str]:
    """Return the rejected keys."""
    found = list(check_shared_containers([{"type": type_, "container": container}], owner="prod", key="datastores"))
    assert all(violation.rule == RULE and "'prod'" in violation.found for violation in found)
    return [violation.key for violation in found]


@pytest.mark.parametrize(
    "container",
    [
        "azureml",
        f"azureml-{GUID}",
        f"azureml-blobstore-{GUID}",
        f"azureml-filestore-{GUID}",
        f"code-{GUID}",
        f"{GUID}-x",
    ],
)
def test_the_default_container_of_another_workspace_is_refused(container: str) -> None:
    assert check(container) == ["datastores[0].container"]


@pytest.mark.parametrize("container", ["features", "azureml2", "code", "azureml-blobstore", None, 7])
def test_any_other_container_is_not(container: object) -> None:
    assert check(container) == []


def test_a_bucket_of_another_store_may_have_any_name() -> None:
    assert check("azureml", "S3") == []
