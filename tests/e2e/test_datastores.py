"""Datastores as their users have them: keys out of the key vault, good for one container and nothing else."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import hvac.exceptions
import minio
import pytest
from botocore.exceptions import ClientError
from docker import DockerClient
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException

from tests.support.datastores import DEFAULT_DATASTORES, datastore_client, datastore_named, read_datastore_secret
from tests.support.environment import Environment
from tests.support.object_store import s3_client
from tests.support.stacks import LiveStack, live_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import vault_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RECORD_CONTAINER, RECORD = "azureml", "workspace.json"
QUOTA_GIB, QUOTA_BYTES = 0.001, 1_073_741
REGISTERED = [
    {"name": "features", "type": "AzureBlob", "container": "features", "quotaInGiB": QUOTA_GIB},
    # In the container of the workspace record, which must be as safe there.
    {"name": "beside_the_record", "type": "AzureBlob", "container": RECORD_CONTAINER},
]
ALL = (*DEFAULT_DATASTORES, "features", "beside_the_record")
EVERY_DATASTORE = pytest.mark.parametrize("name", ALL)


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace with registered datastores beside the default ones."""
    with live_stack(environment, datastores=REGISTERED) as stack:
        yield stack


def client_of(live: LiveStack, name: str) -> tuple["S3Client", str]:
    """A client with a datastore's keys, and its container."""
    secret = read_datastore_secret(live.outputs, name)
    return datastore_client(live.outputs, secret), secret["container"]


@EVERY_DATASTORE
def test_keys_in_the_vault_let_in_to_the_datastores_own_container(live: LiveStack, name: str, marker: str) -> None:
    client, container = client_of(live, name)

    client.put_object(Bucket=container, Key=f"{marker}/a", Body=b"first")
    client.put_object_tagging(Bucket=container, Key=f"{marker}/a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})

    assert container == datastore_named(live.outputs, name)["container"]
    assert client.get_object(Bucket=container, Key=f"{marker}/a")["Body"].read() == b"first"
    assert client.head_object(Bucket=container, Key=f"{marker}/a")["ServerSideEncryption"] == "AES256"
    listed = client.list_objects_v2(Bucket=container, Prefix=marker)["Contents"]
    assert [found["Key"] for found in listed] == [f"{marker}/a"]
    client.delete_object(Bucket=container, Key=f"{marker}/a")
    assert "Contents" not in client.list_objects_v2(Bucket=container, Prefix=marker)


def test_minios_own_client_is_let_in_as_well(live: LiveStack, marker: str) -> None:
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
        client, own = client_of(live, name)
        for other in {store["container"] for store in live.outputs["datastores"]} - {own}:
            root.put_object(Bucket=other, Key=marker, Body=b"not yours")

            with pytest.raises(ClientError, match=REFUSED):
                OPERATIONS[operation](client, other, marker)

            assert root.get_object(Bucket=other, Key=marker)["Body"].read() == b"not yours"


@pytest.mark.parametrize("operation", ["delete the container", "change its policy", "switch versions off"])
@EVERY_DATASTORE
def test_keys_do_not_govern_their_own_container(live: LiveStack, name: str, operation: str, marker: str) -> None:
    client, container = client_of(live, name)

    with pytest.raises(ClientError, match=REFUSED):
        OPERATIONS[operation](client, container, marker)


@EVERY_DATASTORE
def test_keys_neither_see_nor_make_other_containers(live: LiveStack, name: str, marker: str) -> None:
    client, container = client_of(live, name)

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
def test_keys_are_refused_by_the_operators_side(live: LiveStack, operation: str) -> None:
    secret = read_datastore_secret(live.outputs, "workspaceblobstore")
    url = urlsplit(secret["endpoint"])
    admin = minio.MinioAdmin(
        endpoint=url.netloc,
        credentials=StaticProvider(secret["accessKey"], secret["secretKey"]),
        secure=url.scheme == "https",
    )

    with pytest.raises(MinioAdminException, match="403"):
        ADMINISTRATION[operation](admin)


@pytest.mark.parametrize("operation", ["write", "delete", "begin an upload"])
@pytest.mark.parametrize("name", ["workspaceartifactstore", "beside_the_record"])
def test_the_workspace_record_is_read_and_never_written(live: LiveStack, name: str, operation: str) -> None:
    client, container = client_of(live, name)

    with pytest.raises(ClientError, match=REFUSED):
        OPERATIONS[operation](client, container, RECORD)

    assert json.loads(client.get_object(Bucket=container, Key=RECORD)["Body"].read()) == live.outputs["workspace"]


def test_the_workspace_record_is_not_deleted_among_others(live: LiveStack, marker: str) -> None:
    client, container = client_of(live, "workspaceartifactstore")
    client.put_object(Bucket=container, Key=marker, Body=b"x")

    answer = client.delete_objects(Bucket=container, Delete={"Objects": [{"Key": RECORD}, {"Key": marker}]})

    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [(RECORD, "AccessDenied")]
    assert client.get_object(Bucket=container, Key=RECORD)["Body"].read()


def test_wrong_secret_is_refused(live: LiveStack) -> None:
    secret = read_datastore_secret(live.outputs, "features")

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        datastore_client(live.outputs, {**secret, "secretKey": "x" * 40}).list_objects_v2(Bucket="features")


def test_no_key_stands_anywhere_but_in_the_vault(live: LiveStack) -> None:
    stack = live.stack
    opened = stack.pulumi("stack export", "--show-secrets")
    places = {
        "outputs": json.dumps(live.outputs),
        "opened state": opened.check().stdout,
        "files of the backend": "".join(path.read_text(errors="replace") for path in stack.files_in_backend()),
    }
    secrets = {name: read_datastore_secret(live.outputs, name)["secretKey"] for name in ALL}

    assert len(set(secrets.values())) == len(ALL)
    for place, text in places.items():
        assert [name for name, secret in secrets.items() if secret in text] == [], place
    assert live.outputs["credentials"]["storage"]["secretKey"] in places["opened state"]


class TestAtRest:
    """What lies on the drives."""

    @pytest.mark.parametrize("size", [200, 2_000_000], ids=["in its metadata", "in parts"])
    def test_no_drive_holds_what_was_written(
        self, live: LiveStack, engine: DockerClient, marker: str, size: int
    ) -> None:
        client, container = client_of(live, "workspaceblobstore")
        client.put_object(Bucket=container, Key=f"object-{marker}", Body=marker.encode() * (size // len(marker)))
        name = live.container_of("storageAccount")

        def matches(text: str) -> list[str]:
            search = ["sh", "-c", f"grep -rl {text} /data1/{container} /data2/{container} /data3/{container} || true"]
            job = engine.api.exec_create(name, search)["Id"]
            found: bytes = engine.api.exec_start(job)
            assert engine.api.exec_inspect(job)["ExitCode"] == 0, found
            return [line for line in found.decode().splitlines() if f"object-{marker}" in line]

        # What is never encrypted shows that the search looks at the right place.
        assert matches("X-Minio-Internal-Server-Side-Encryption")
        assert matches(marker) == []

    def test_the_key_is_neither_on_a_drive_nor_told_by_the_engine(self, live: LiveStack, engine: DockerClient) -> None:
        name = live.container_of("storageAccount")
        job = engine.api.exec_create(name, ["cat", "/etc/minio/encryption-key"])["Id"]
        key = engine.api.exec_start(job).decode().partition(":")[2]
        search = engine.api.exec_create(name, ["sh", "-c", f"grep -rlF '{key}' /data1 /data2 /data3 /data4 || true"])

        assert len(key) == 44
        assert engine.api.exec_start(search["Id"]) == b""
        assert key not in json.dumps(engine.api.inspect_container(name))
        assert key not in json.dumps(live.outputs)


class TestSoftDelete:
    """What was overwritten or deleted comes back within the retention days, with the datastore's own keys."""

    def test_deleted_blob_comes_back(self, live: LiveStack, marker: str) -> None:
        client, container = client_of(live, "workspaceblobstore")
        kept = client.put_object(Bucket=container, Key=marker, Body=b"first")["VersionId"]
        client.put_object(Bucket=container, Key=marker, Body=b"second")
        client.delete_object(Bucket=container, Key=marker)
        with pytest.raises(ClientError, match="NoSuchKey"):
            client.get_object(Bucket=container, Key=marker)

        client.copy_object(
            Bucket=container, Key=marker, CopySource={"Bucket": container, "Key": marker, "VersionId": kept}
        )

        assert client.get_object(Bucket=container, Key=marker)["Body"].read() == b"first"

    def test_nobody_with_a_datastores_keys_purges_a_version(self, live: LiveStack, marker: str) -> None:
        client, container = client_of(live, "workspaceblobstore")
        version = client.put_object(Bucket=container, Key=marker, Body=b"first")["VersionId"]

        with pytest.raises(ClientError, match=REFUSED):
            client.delete_object(Bucket=container, Key=marker, VersionId=version)

        assert client.get_object(Bucket=container, Key=marker, VersionId=version)["Body"].read() == b"first"

    def test_versions_go_after_the_retention_days(self, live: LiveStack) -> None:
        for store in live.outputs["datastores"]:
            rules = s3_client(live.outputs).get_bucket_lifecycle_configuration(Bucket=store["container"])["Rules"]

            assert [rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules] == [7]
            assert [rule["Expiration"]["ExpiredObjectDeleteMarker"] for rule in rules] == [True]
            assert [rule["Status"] for rule in rules] == ["Enabled"]


def test_quota_holds_and_what_is_below_it_goes_in(live: LiveStack, marker: str) -> None:
    client, container = client_of(live, "features")

    with pytest.raises(ClientError, match="QuotaExceeded"):
        client.put_object(Bucket=container, Key=marker, Body=b"x" * (QUOTA_BYTES + 1))
    client.put_object(Bucket=container, Key=marker, Body=b"x" * 1000)

    assert client.head_object(Bucket=container, Key=marker)["ContentLength"] == 1000


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


def test_what_was_taken_away_by_hand_is_seen_and_put_back(live: LiveStack) -> None:
    stack, outputs = live.stack, live.outputs
    gone = read_datastore_secret(outputs, "workspacefilestore")
    url, root = urlsplit(outputs["endpoints"]["storage"]), outputs["credentials"]["storage"]
    admin = minio.MinioAdmin(
        endpoint=url.netloc,
        credentials=StaticProvider(root["accessKey"], root["secretKey"]),
        secure=url.scheme == "https",
    )
    assert_unchanged(stack.refresh())

    admin.delete_service_account(gone["accessKey"])
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
        client, container = client_of(live, name)
        assert client.list_objects_v2(Bucket=container)["KeyCount"] >= 0
    assert s3_client(outputs).get_bucket_lifecycle_configuration(Bucket=RECORD_CONTAINER)["Rules"]
    assert_unchanged(stack.refresh())
