"""Everything that outside clients can read of a workspace, to compare a restored one with its original."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.support.insights import insights_client
from tests.support.object_store import s3_client
from tests.support.oci import Artifact, registry_client
from tests.support.vault import MOUNT, vault_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RECORD = "workspace.json"
"""Names the resources, and so differs between a workspace and its copy under other names."""

Version = tuple[str, str, str, str, bool, str, bytes]
"""Bucket, key, version id, ETag (a word for a delete marker), whether it is the latest, time, content."""

READERS, DELETED = 8, "deleted"


def blobs(outputs: Mapping[str, Any], *, with_content: bool = True) -> list[Version]:
    """Return every version of every blob except the record's."""
    client = s3_client(outputs)
    buckets = [one["Name"] for one in client.list_buckets()["Buckets"]]
    listed = [one for bucket in buckets for one in _listed(client, bucket) if one[1] != RECORD]
    if not with_content:
        return sorted(listed)

    def read(one: Version) -> Version:
        bucket, key, version = one[:3]
        answer = client.get_object(Bucket=bucket, Key=key, VersionId=version)
        return (*one[:6], answer["Body"].read())

    with ThreadPoolExecutor(READERS) as pool:
        return sorted(pool.map(lambda one: one if one[3] == DELETED else read(one), listed))


def _listed(client: "S3Client", bucket: str) -> Iterator[Version]:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in page.get("Versions", []):
            moment = one["LastModified"].isoformat()
            yield bucket, one["Key"], one["VersionId"], one["ETag"], one["IsLatest"], moment, b""
        for marker in page.get("DeleteMarkers", []):
            moment = marker["LastModified"].isoformat()
            yield bucket, marker["Key"], marker["VersionId"], DELETED, marker["IsLatest"], moment, b""


def secrets(outputs: Mapping[str, Any]) -> dict[str, list[tuple[str, dict[str, str] | None]]]:
    """Return every secret of the engine `secret`: time and values of each version, None for a deleted one."""
    kv = vault_client(outputs).secrets.kv.v2
    return {path: list(_versions(kv, path)) for path in sorted(_paths(kv, ""))}


def _paths(kv: Any, folder: str) -> Iterator[str]:  # noqa: ANN401 - hvac has no types
    for name in kv.list_secrets(path=folder, mount_point=MOUNT)["data"]["keys"]:
        if name.endswith("/"):
            yield from _paths(kv, folder + name)
        else:
            yield folder + name


def _versions(kv: Any, path: str) -> Iterator[tuple[str, dict[str, str] | None]]:  # noqa: ANN401
    known = kv.read_secret_metadata(path=path, mount_point=MOUNT)["data"]["versions"]
    for number, about in sorted(known.items(), key=lambda entry: int(entry[0])):
        if about["deletion_time"] or about["destroyed"]:
            yield about["created_time"], None
            continue
        read = kv.read_secret_version(path=path, version=int(number), mount_point=MOUNT, raise_on_deleted_version=True)
        yield about["created_time"], read["data"]["data"]


def images(outputs: Mapping[str, Any]) -> dict[str, Artifact]:
    """Return every image by repository and tag: its manifest and blobs."""
    client = registry_client(outputs)
    names = client.request("GET", "_catalog?n=1000").json()["repositories"]
    return {
        f"{name}:{tag}": client.pull(name, tag)
        for name in sorted(names)
        for tag in sorted(client.request("GET", f"{name}/tags/list").json()["tags"])
    }


def span_names(outputs: Mapping[str, Any], prefix: str) -> tuple[int, int, str]:
    """Summarise the kept spans whose names start with a prefix.

    Returns:
        How many there are, how many different names they have, and a digest of all.
    """
    sql = f"""
        SELECT count(*), count(DISTINCT name), md5(string_agg(operation_Id || id || name, ',' ORDER BY name))
        FROM spans WHERE starts_with(name, '{prefix}')
    """
    ((count, names, digest),) = insights_client(outputs).rows(sql)
    return count, names, digest
