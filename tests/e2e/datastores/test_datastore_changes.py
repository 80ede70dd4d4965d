"""Datastores changed in the stack file or by hand: they change in place and lose no content."""

from typing import Any

import hvac.exceptions
import pytest
from botocore.exceptions import ClientError

from tests.support.datastores import (
    RECORD_CONTAINER,
    REGISTERED,
    client_of,
    datastore_client,
    read_datastore_secret,
)
from tests.support.object_store import admin_client, s3_client
from tests.support.stacks import LiveStack
from tests.support.updates import assert_unchanged
from tests.support.vault import vault_client


def defaults_of(outputs: dict[str, Any]) -> list[str]:
    """Names of the default datastores."""
    return [store["name"] for store in outputs["datastores"] if store["isDefault"]]


def test_default_datastore_retention_and_datastores_change_in_place(live: LiveStack) -> None:
    stack, before = live.stack, read_datastore_secret(live.outputs, "features")
    assert defaults_of(live.outputs) == ["workspaceblobstore"]
    objects = stack.objects().identities
    labels = {"name": "labels", "type": "AzureFile", "container": "labels", "isDefault": True}
    stack.configure(datastores=[labels, REGISTERED[1]], storageAccount={"deleteRetentionDays": 3})

    update = stack.up().check()
    outputs = stack.outputs()

    assert set(update.operations) <= {"same", "update"}
    assert stack.objects().identities == objects
    assert outputs["workspace"] == live.outputs["workspace"]
    assert defaults_of(outputs) == ["labels"]
    client = datastore_client(outputs, read_datastore_secret(outputs, "labels"))
    client.put_object(Bucket="labels", Key="a", Body=b"x")
    rules = s3_client(outputs).get_bucket_lifecycle_configuration(Bucket="labels")["Rules"]
    assert rules[0]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 3
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        datastore_client(outputs, before).list_objects_v2(Bucket="features")
    with pytest.raises(hvac.exceptions.InvalidPath):
        read_datastore_secret(live.outputs, "features")
    assert s3_client(outputs).list_objects_v2(Bucket="features")["KeyCount"] >= 0

    stack.configure()
    stack.up().check()
    assert defaults_of(stack.outputs()) == ["workspaceblobstore"]
    assert_unchanged(stack.preview())


def test_settings_removed_by_hand_are_found_and_restored(live: LiveStack) -> None:
    stack, outputs = live.stack, live.outputs
    gone = read_datastore_secret(outputs, "workspacefilestore")
    assert_unchanged(stack.refresh())

    admin_client(outputs).delete_service_account(gone["accessKey"])
    vault_client(outputs).secrets.kv.v2.delete_latest_version_of_secret(
        "workspaceworkingdirectory", mount_point="datastores"
    )
    s3_client(outputs).delete_bucket_lifecycle(Bucket=RECORD_CONTAINER)
    refreshed = stack.refresh().check()
    seen = [step.urn.rpartition("::")[2] for step in refreshed.steps if step.operation not in {"same", "refresh"}]
    update = stack.up().check()

    assert {name.rpartition("-")[2] for name in seen} >= {"datastores", "containers"}
    assert update.operations["update"] >= 2
    for name in ("workspacefilestore", "workspaceworkingdirectory"):
        client, container = client_of(live.outputs, name)
        assert client.list_objects_v2(Bucket=container)["KeyCount"] >= 0
    assert s3_client(outputs).get_bucket_lifecycle_configuration(Bucket=RECORD_CONTAINER)["Rules"]
    assert_unchanged(stack.refresh())
