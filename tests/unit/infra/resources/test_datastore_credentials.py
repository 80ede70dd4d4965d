"""Credentials of datastores while a service fails: a refresh keeps the state, every other operation explains."""

from typing import Any

import hvac.exceptions
import pytest
from minio.error import MinioAdminException, S3Error
from urllib3 import HTTPResponse

from infra.clients.datastores.datastore_accounts import DatastoreAccounts
from infra.errors import ServiceError
from infra.resources.datastore_credentials import DatastoreCredentialsProvider

PROVIDER = DatastoreCredentialsProvider()
STORE = {"name": "features", "type": "AzureBlob", "container": "features"}
PROPS: dict[str, Any] = {
    "storage_account": {
        "endpoint": "http://127.0.0.1:1",
        "credentials": {"accessKey": "key", "secretKey": "word"},
        "ca_certificate": "",
    },
    "key_vault": {"endpoint": "http://127.0.0.1:2", "credentials": {"token": "word"}, "ca_certificate": ""},
    "workspace_id": "guid",
    "folder": "",
    "record_container": "azureml",
    "datastores": [STORE],
    "given": {},
    "existing_storage_account": True,
    "existing_key_vault": True,
    "policy_version": 1,
    "paths": {"features": "datastores/features"},
}
REFUSALS = {
    "closed vault": hvac.exceptions.VaultDown("Vault is sealed"),
    "dead token": hvac.exceptions.Forbidden("invalid token"),
    "rotated keys": S3Error(HTTPResponse(), "SignatureDoesNotMatch", "Check your key", None, None, None),
    "rotated keys of the operator": MinioAdminException("403", '{"Code": "SignatureDoesNotMatch"}'),
}


@pytest.fixture(params=list(REFUSALS.values()), ids=list(REFUSALS))
def refusal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Exception:
    """The error of every call to a service."""
    error: Exception = request.param

    def refuse(*_: object, **_more: object) -> None:
        raise error

    for name in ("ensure", "broken", "remove_accounts"):
        monkeypatch.setattr(DatastoreAccounts, name, refuse)
    return error


def test_a_refresh_leaves_the_state_as_it_is(refusal: Exception) -> None:
    found = PROVIDER.read("id", PROPS)

    assert (found.id, found.outs) == ("id", PROPS)


def test_every_other_operation_reports_itself_and_the_response(refusal: Exception) -> None:
    for verb in (
        lambda: PROVIDER.create(PROPS),
        lambda: PROVIDER.update("id", PROPS, PROPS),
        lambda: PROVIDER.delete("id", PROPS),
    ):
        with pytest.raises(ServiceError, match=r"the credentials of the datastores in the .* returned .*make up"):
            verb()
