"""Contents of a datastore: encrypted on the drives, recoverable within the retention days, limited by the quota."""

import json

import pytest
from botocore.exceptions import ClientError
from docker import DockerClient

from tests.support.datastores import QUOTA_BYTES, client_of
from tests.support.engine import run_in
from tests.support.object_store import s3_client
from tests.support.stacks import LiveStack


class TestAtRest:
    """What is stored on the drives."""

    @pytest.mark.parametrize("size", [200, 2_000_000], ids=["in its metadata", "multipart"])
    def test_no_drive_contains_plain_text(self, live: LiveStack, engine: DockerClient, marker: str, size: int) -> None:
        client, container = client_of(live.outputs, "workspaceblobstore")
        client.put_object(Bucket=container, Key=f"object-{marker}", Body=marker.encode() * (size // len(marker)))
        name = live.container_of("storageAccount")

        def matches(text: str) -> list[str]:
            search = f"grep -rl {text} /data1/{container} /data2/{container} /data3/{container} || true"
            found = run_in(engine, name, search)
            return [line for line in found.splitlines() if f"object-{marker}" in line]

        # What is never encrypted shows that the search looks at the right place.
        assert matches("X-Minio-Internal-Server-Side-Encryption")
        assert matches(marker) == []

    def test_encryption_key_is_neither_on_a_drive_nor_shown_by_the_engine(
        self, live: LiveStack, engine: DockerClient
    ) -> None:
        name = live.container_of("storageAccount")
        key = run_in(engine, name, "cat /etc/minio/encryption-key").partition(":")[2]
        found = run_in(engine, name, f"grep -rlF '{key}' /data1 /data2 /data3 /data4 || true")

        assert len(key) == 44
        assert found == ""
        assert key not in json.dumps(engine.api.inspect_container(name))
        assert key not in json.dumps(live.outputs)


class TestSoftDelete:
    """The datastore's own keys recover overwritten and deleted blobs within the retention days."""

    def test_deleted_blob_is_recovered(self, live: LiveStack, marker: str) -> None:
        client, container = client_of(live.outputs, "workspaceblobstore")
        kept = client.put_object(Bucket=container, Key=marker, Body=b"first")["VersionId"]
        client.put_object(Bucket=container, Key=marker, Body=b"second")
        client.delete_object(Bucket=container, Key=marker)
        with pytest.raises(ClientError, match="NoSuchKey"):
            client.get_object(Bucket=container, Key=marker)

        client.copy_object(
            Bucket=container, Key=marker, CopySource={"Bucket": container, "Key": marker, "VersionId": kept}
        )

        assert client.get_object(Bucket=container, Key=marker)["Body"].read() == b"first"

    def test_datastore_keys_cannot_purge_versions(self, live: LiveStack, marker: str) -> None:
        client, container = client_of(live.outputs, "workspaceblobstore")
        version = client.put_object(Bucket=container, Key=marker, Body=b"first")["VersionId"]

        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(Bucket=container, Key=marker, VersionId=version)

        assert client.get_object(Bucket=container, Key=marker, VersionId=version)["Body"].read() == b"first"

    def test_versions_expire_after_the_retention_days(self, live: LiveStack) -> None:
        for store in live.outputs["datastores"]:
            rules = s3_client(live.outputs).get_bucket_lifecycle_configuration(Bucket=store["container"])["Rules"]

            assert [rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules] == [7]
            assert [rule["Expiration"]["ExpiredObjectDeleteMarker"] for rule in rules] == [True]
            assert [rule["Status"] for rule in rules] == ["Enabled"]


def test_quota_is_enforced_and_smaller_uploads_are_accepted(live: LiveStack, marker: str) -> None:
    client, container = client_of(live.outputs, "features")

    with pytest.raises(ClientError, match="QuotaExceeded"):
        client.put_object(Bucket=container, Key=marker, Body=b"x" * (QUOTA_BYTES + 1))
    client.put_object(Bucket=container, Key=marker, Body=b"x" * 1000)

    assert client.head_object(Bucket=container, Key=marker)["ContentLength"] == 1000
