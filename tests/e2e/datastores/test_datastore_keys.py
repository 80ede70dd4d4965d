"""Keys of datastores, read from the key vault: valid for one container and nothing else."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import minio
import pytest
from botocore.exceptions import ClientError
from minio.error import MinioAdminException

from tests.support.datastores import (
    DEFAULT_DATASTORES,
    RECORD,
    REGISTERED,
    client_of,
    datastore_client,
    datastore_named,
    read_datastore_secret,
)
from tests.support.object_store import admin_client, s3_client
from tests.support.stacks import LiveStack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ALL = (*DEFAULT_DATASTORES, *(str(store["name"]) for store in REGISTERED))
EVERY_DATASTORE = pytest.mark.parametrize("name", ALL)


@EVERY_DATASTORE
def test_keys_in_the_vault_give_access_to_the_datastores_container(live: LiveStack, name: str, marker: str) -> None:
    client, container = client_of(live.outputs, name)

    client.put_object(Bucket=container, Key=f"{marker}/a", Body=b"first")
    client.put_object_tagging(Bucket=container, Key=f"{marker}/a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})

    attributes = client.get_object_attributes(Bucket=container, Key=f"{marker}/a", ObjectAttributes=["ObjectSize"])

    assert attributes["ObjectSize"] == len(b"first")
    assert container == datastore_named(live.outputs, name)["container"]
    assert client.get_object(Bucket=container, Key=f"{marker}/a")["Body"].read() == b"first"
    assert client.head_object(Bucket=container, Key=f"{marker}/a")["ServerSideEncryption"] == "AES256"
    listed = client.list_objects_v2(Bucket=container, Prefix=marker)["Contents"]
    assert [found["Key"] for found in listed] == [f"{marker}/a"]
    client.delete_object(Bucket=container, Key=f"{marker}/a")
    assert "Contents" not in client.list_objects_v2(Bucket=container, Prefix=marker)


def test_minio_client_has_access_too(live: LiveStack, marker: str) -> None:
    secret = read_datastore_secret(live.outputs, "workspacefilestore")
    url = urlsplit(secret["endpoint"])
    client = minio.Minio(
        url.netloc, secret["accessKey"], secret["secretKey"], secure=url.scheme == "https", region=secret["region"]
    )

    assert client.bucket_exists(secret["container"])
    assert [found.object_name for found in client.list_objects(secret["container"], prefix=marker)] == []


OPERATIONS: dict[str, Callable[["S3Client", str, str], object]] = {
    "list": lambda s3, bucket, _: s3.list_objects_v2(Bucket=bucket),
    "list versions": lambda s3, bucket, _: s3.list_object_versions(Bucket=bucket),
    "read": lambda s3, bucket, key: s3.get_object(Bucket=bucket, Key=key),
    "look at": lambda s3, bucket, key: s3.head_object(Bucket=bucket, Key=key),
    "write": lambda s3, bucket, key: s3.put_object(Bucket=bucket, Key=key, Body=b"x"),
    "begin an upload": lambda s3, bucket, key: s3.create_multipart_upload(Bucket=bucket, Key=key),
    "delete": lambda s3, bucket, key: s3.delete_object(Bucket=bucket, Key=key),
    "copy from": lambda s3, bucket, key: s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/{key}"),
    "delete the container": lambda s3, bucket, _: s3.delete_bucket(Bucket=bucket),
    "change its policy": lambda s3, bucket, _: s3.put_bucket_policy(Bucket=bucket, Policy="{}"),
    "switch versions off": lambda s3, bucket, _: s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
}
REFUSED = r"AccessDenied|403|Forbidden"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_keys_are_refused_on_every_other_container(live: LiveStack, operation: str, marker: str) -> None:
    root = s3_client(live.outputs)
    for name in ALL:
        client, own = client_of(live.outputs, name)
        for other in {store["container"] for store in live.outputs["datastores"]} - {own}:
            root.put_object(Bucket=other, Key=marker, Body=b"not yours")

            with pytest.raises(ClientError, match=REFUSED):
                OPERATIONS[operation](client, other, marker)

            assert root.get_object(Bucket=other, Key=marker)["Body"].read() == b"not yours"


@pytest.mark.parametrize("operation", ["delete the container", "change its policy", "switch versions off"])
@EVERY_DATASTORE
def test_keys_cannot_administer_their_own_container(live: LiveStack, name: str, operation: str, marker: str) -> None:
    client, container = client_of(live.outputs, name)

    with pytest.raises(ClientError, match=REFUSED):
        OPERATIONS[operation](client, container, marker)


@EVERY_DATASTORE
def test_keys_cannot_list_or_create_other_containers(live: LiveStack, name: str, marker: str) -> None:
    client, container = client_of(live.outputs, name)

    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == [container]
    with pytest.raises(ClientError, match=REFUSED):
        client.create_bucket(Bucket=marker)


ADMINISTRATION: dict[str, Callable[[minio.MinioAdmin], object]] = {
    "server information": lambda admin: admin.info(),
    "list users": lambda admin: admin.user_list(),
    "make a user": lambda admin: admin.user_add("intruder", "intruder-secret"),
    "make a service account": lambda admin: admin.add_service_account(policy=None),
    "write a policy": lambda admin: admin.policy_add("intruder", policy={"Version": "2012-10-17", "Statement": []}),
    "set a quota": lambda admin: admin.bucket_quota_set("features", 1),
    "list groups": lambda admin: admin.group_list(),
}


@pytest.mark.parametrize("operation", ADMINISTRATION)
def test_keys_have_no_access_to_the_administration(live: LiveStack, operation: str) -> None:
    secret = read_datastore_secret(live.outputs, "workspaceblobstore")
    admin = admin_client(live.outputs, secret["accessKey"], secret["secretKey"])

    with pytest.raises(MinioAdminException, match="403"):
        ADMINISTRATION[operation](admin)


@pytest.mark.parametrize("operation", ["write", "delete", "begin an upload"])
@pytest.mark.parametrize("name", ["workspaceartifactstore", "beside_the_record"])
def test_the_workspace_record_is_read_and_never_written(live: LiveStack, name: str, operation: str) -> None:
    client, container = client_of(live.outputs, name)

    with pytest.raises(ClientError, match=REFUSED):
        OPERATIONS[operation](client, container, RECORD)

    assert json.loads(client.get_object(Bucket=container, Key=RECORD)["Body"].read()) == live.outputs["workspace"]


def test_the_workspace_record_is_not_deleted_among_others(live: LiveStack, marker: str) -> None:
    client, container = client_of(live.outputs, "workspaceartifactstore")
    client.put_object(Bucket=container, Key=marker, Body=b"x")

    answer = client.delete_objects(Bucket=container, Delete={"Objects": [{"Key": RECORD}, {"Key": marker}]})

    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [(RECORD, "AccessDenied")]
    assert client.get_object(Bucket=container, Key=RECORD)["Body"].read()


def test_wrong_secret_is_refused(live: LiveStack) -> None:
    secret = read_datastore_secret(live.outputs, "features")

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        datastore_client(live.outputs, {**secret, "secretKey": "x" * 40}).list_objects_v2(Bucket="features")


def test_keys_are_stored_only_in_the_vault(live: LiveStack) -> None:
    stack = live.stack
    decrypted = stack.pulumi("stack export", "--show-secrets")
    places = {
        "outputs": json.dumps(live.outputs),
        "decrypted state": decrypted.check().stdout,
        "files of the backend": "".join(path.read_text(errors="replace") for path in stack.files_in_backend()),
    }
    secrets = {name: read_datastore_secret(live.outputs, name)["secretKey"] for name in ALL}

    assert len(set(secrets.values())) == len(ALL)
    for place, text in places.items():
        assert [name for name, secret in secrets.items() if secret in text] == [], place
    assert live.outputs["credentials"]["storage"]["secretKey"] in places["decrypted state"]
