"""The tracking server's service account, with a fake storage account: made, repaired, removed."""

from typing import Any, ClassVar

import pytest

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.storage_admin import ServiceAccount
from infra.resources import artifact_access
from infra.resources.artifact_access import ArtifactAccessProvider
from infra.rules.datastores.tracking_artifacts import access_key, artifacts_policy

PROVIDER = ArtifactAccessProvider()
KEY = access_key("guid")
PROPS: dict[str, Any] = {
    "storage_account": {
        "endpoint": "http://127.0.0.1:1",
        "credentials": {"accessKey": "root", "secretKey": "word"},
        "ca_certificate": "",
    },
    "workspace_id": "guid",
    "container": "azureml",
    "secret_key": "the-secret",
    "policy_version": 1,
}


class _FakeAccount:
    """A storage account with its service accounts."""

    accounts: ClassVar[dict[str, ServiceAccount]]

    def __init__(self, connection: ServiceConnection) -> None:
        assert connection.credentials["accessKey"] == "root"

    def put_service_accounts(self, accounts: list[ServiceAccount]) -> None:
        _FakeAccount.accounts |= {account.access_key: account for account in accounts}

    def remove_service_account(self, access_key: str) -> None:
        _FakeAccount.accounts.pop(access_key, None)


def _can_list(connection: ServiceConnection, container: str, prefix: str) -> bool:
    assert (container, prefix) == ("azureml", "mlflow/")
    held = _FakeAccount.accounts.get(connection.credentials["accessKey"])
    return held is not None and held.secret_key == connection.credentials["secretKey"]


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    _FakeAccount.accounts = {}
    monkeypatch.setattr(artifact_access, "StorageAdmin", _FakeAccount)
    monkeypatch.setattr(artifact_access, "can_list", _can_list)


def test_it_is_one_account_whose_policy_names_one_prefix() -> None:
    made = PROVIDER.create(PROPS)

    assert made.id == "azureml/mlflow"
    assert list(_FakeAccount.accounts) == [KEY]
    assert _FakeAccount.accounts[KEY].policy == artifacts_policy("azureml")
    resources = [one for statement in artifacts_policy("azureml")["Statement"] for one in statement["Resource"]]
    assert resources == ["arn:aws:s3:::azureml/mlflow/*", "arn:aws:s3:::azureml", "arn:aws:s3:::azureml"]


def test_two_workspaces_in_one_account_have_different_keys() -> None:
    assert access_key("guid") != access_key("other")
    assert len(access_key("guid")) == 20


def test_an_account_that_works_is_left_alone() -> None:
    PROVIDER.create(PROPS)

    read = PROVIDER.read(KEY, PROPS)

    assert not PROVIDER.diff(KEY, read.outs, PROPS).changes


@pytest.mark.parametrize("is_there", [True, False], ids=["another secret", "removed by hand"])
def test_an_account_that_does_not_work_is_repaired_by_the_next_update(*, is_there: bool) -> None:
    if is_there:
        PROVIDER.create({**PROPS, "secret_key": "changed"})

    read = PROVIDER.read(KEY, PROPS)

    assert PROVIDER.diff(KEY, read.outs, PROPS).changes
    PROVIDER.update(KEY, read.outs, PROPS)
    assert _FakeAccount.accounts[KEY].secret_key == "the-secret"


def test_a_deletion_removes_it_and_succeeds_twice() -> None:
    PROVIDER.create(PROPS)

    PROVIDER.delete(KEY, PROPS)
    PROVIDER.delete(KEY, PROPS)

    assert _FakeAccount.accounts == {}
