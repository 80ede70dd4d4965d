"""Attempts at the storage account."""

from botocore.exceptions import ClientError

from tests.support.principals import Person
from tests.support.role_attempts.scene import Attempt, Scene

RECORD = "workspace.json"


def _s3(verb: str, *, artifact: bool = False, **arguments: object) -> Attempt:
    """Call one of boto3's functions on an object made for it."""
    return lambda who, scene: getattr(who.s3, verb)(**scene.blob(scene.artifact_store if artifact else ""), **arguments)


def _in_parts(who: Person, scene: Scene) -> None:
    place = scene.blob()
    upload = who.s3.create_multipart_upload(**place)["UploadId"]  # type: ignore[arg-type]
    who.s3.abort_multipart_upload(**place, UploadId=upload)  # type: ignore[arg-type]


def _delete_version(who: Person, scene: Scene) -> None:
    place = scene.blob()
    version = scene.admin.s3.head_object(**place)["VersionId"]  # type: ignore[arg-type]
    who.s3.delete_object(**place, VersionId=version)  # type: ignore[arg-type]


def _delete_many(who: Person, scene: Scene, *, versions: bool = False) -> None:
    place = scene.blob()
    doomed = {"Key": place["Key"]}
    if versions:
        doomed["VersionId"] = scene.admin.s3.head_object(**place)["VersionId"]  # type: ignore[arg-type]
    answer = who.s3.delete_objects(Bucket=place["Bucket"], Delete={"Objects": [doomed]})  # type: ignore[list-item]
    if answer.get("Errors"):
        raise ClientError({"Error": answer["Errors"][0]}, "DeleteObjects")


def _record(verb: str) -> Attempt:
    def attempt(who: Person, scene: Scene) -> None:
        place = {"Bucket": scene.artifact_store, "Key": RECORD}
        admin = scene.admin.s3
        content = admin.get_object(**place)["Body"].read()  # type: ignore[arg-type]
        try:
            getattr(who.s3, verb)(**place, **({"Body": content} if verb == "put_object" else {}))
        finally:
            admin.put_object(**place, Body=content, ContentType="application/json")  # type: ignore[arg-type]

    return attempt


def _bucket(who: Person, scene: Scene, *, delete: bool) -> None:
    admin, name = scene.admin.s3, scene.new_bucket
    if delete:
        admin.create_bucket(Bucket=name)
    try:
        (who.s3.delete_bucket if delete else who.s3.create_bucket)(Bucket=name)
    finally:
        if any(bucket["Name"] == name for bucket in admin.list_buckets()["Buckets"]):
            admin.delete_bucket(Bucket=name)


STORAGE: dict[str, Attempt] = {
    "lists containers": lambda who, scene: _expect(scene.bucket in _names(who), who, scene),
    "lists blobs": lambda who, scene: who.s3.list_objects_v2(Bucket=scene.bucket),
    "reads a blob": _s3("get_object"),
    "reads a blob's attributes": _s3("get_object_attributes", ObjectAttributes=["ObjectSize"]),
    "writes a blob": _s3("put_object", Body=b"new"),
    "writes a multipart blob": _in_parts,
    "tags a blob": _s3("put_object_tagging", Tagging={"TagSet": [{"Key": "stage", "Value": "raw"}]}),
    "takes a blob's tags away": _s3("delete_object_tagging"),
    "deletes a blob": _s3("delete_object"),
    "deletes several blobs": _delete_many,
    "deletes a version of a blob": _delete_version,
    "deletes versions of several blobs": lambda who, scene: _delete_many(who, scene, versions=True),
    "reads an artifact": _s3("get_object", artifact=True),
    "lists artifacts": lambda who, scene: who.s3.list_objects_v2(Bucket=scene.artifact_store),
    "writes an artifact": _s3("put_object", artifact=True, Body=b"new"),
    "reads the workspace record": lambda who, scene: who.s3.get_object(Bucket=scene.artifact_store, Key=RECORD),
    "writes the workspace record": _record("put_object"),
    "deletes the workspace record": _record("delete_object"),
    "makes a container": lambda who, scene: _bucket(who, scene, delete=False),
    "deletes a container": lambda who, scene: _bucket(who, scene, delete=True),
}
_POLICY = '{"Version": "2012-10-17", "Statement": []}'
FORBIDDEN_IN_STORAGE: dict[str, Attempt] = {
    "reads a container's policy": lambda who, scene: who.s3.get_bucket_policy(Bucket=scene.bucket),
    "makes a container public": lambda who, scene: who.s3.put_bucket_policy(Bucket=scene.bucket, Policy=_POLICY),
    "switches versions off": lambda who, scene: who.s3.put_bucket_versioning(
        Bucket=scene.bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "lists users": lambda who, _: who.storage_admin.user_list(),
    "adds a user": lambda who, scene: who.storage_admin.user_add(scene.marker, "secret-key-of-a-friend"),
    "changes own secret key": lambda who, _: who.storage_admin.user_add(who.name, "secret-key-of-mine"),
    "makes an access key of its own": lambda who, _: who.storage_admin.add_service_account(),
    "attaches a policy to itself": lambda who, _: who.storage_admin.attach_policy(["consoleAdmin"], user=who.name),
    "reads the account's settings": lambda who, _: who.storage_admin.info(),
    "takes a quota away": lambda who, scene: who.storage_admin.bucket_quota_clear(scene.bucket),
}


def _names(who: Person) -> set[str]:
    return {bucket["Name"] for bucket in who.s3.list_buckets()["Buckets"]}


def _expect(found: bool, who: Person, scene: Scene) -> None:  # noqa: FBT001 - a condition
    """MinIO lists to each user the containers that it can see; an empty list is a refusal."""
    if not found:
        assert scene.bucket not in _names(who)
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListBuckets")
