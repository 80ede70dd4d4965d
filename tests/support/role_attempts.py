"""What a principal may try in each service, each as one request that is really made, with what it needs prepared.

Every attempt prepares what it touches with the stack's own credentials, under a name that nobody else knows, so that
attempts don't depend on one another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import hvac
import requests
from botocore.exceptions import ClientError

from tests.support.object_store import s3_client
from tests.support.oci import Artifact, RegistryClient, digest_of, registry_client, tiny_image
from tests.support.otlp import Protocol
from tests.support.principals import Person
from tests.support.vault import vault_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RECORD = "workspace.json"


@dataclass(frozen=True)
class Admin:
    """The stack's outputs, and clients with its own credentials that are made once."""

    outputs: Mapping[str, Any]

    @cached_property
    def vault(self) -> hvac.Client:
        """Client of the key vault."""
        return vault_client(self.outputs)

    @cached_property
    def s3(self) -> "S3Client":
        """Client of the storage account."""
        return s3_client(self.outputs)

    @cached_property
    def registry(self) -> RegistryClient:
        """Client of the registry."""
        return registry_client(self.outputs)

    @cached_property
    def repository(self) -> str:
        """An image to be pulled, tagged `v1`; pushed once, since every request costs the registry a bcrypt."""
        self.registry.push("roles/shared", "v1", tiny_image(b"shared"))
        return "roles/shared"


@dataclass(frozen=True)
class Scene:
    """A stack as its owner sees it, and a word that only this attempt knows.

    Attributes:
        admin: Clients with the stack's own credentials, which cost more to make than to use.
    """

    admin: Admin
    marker: str

    @property
    def bucket(self) -> str:
        """Container of a datastore."""
        return next(str(s["container"]) for s in self.admin.outputs["datastores"] if s["name"] == "workspaceblobstore")

    def secret(self, folder: str = "", *, deleted: bool = False) -> str:
        """Make a secret and return its path."""
        path, kv = f"{folder}{self.marker}", self.admin.vault.secrets.kv.v2
        kv.create_or_update_secret(path=path, secret={"key": "value"}, mount_point="secret")
        if deleted:
            kv.delete_latest_version_of_secret(path=path, mount_point="secret")
        return path

    def blob(self, bucket: str = "") -> dict[str, str]:
        """Make an object and return where it is."""
        place = {"Bucket": bucket or self.bucket, "Key": self.marker}
        self.admin.s3.put_object(**place, Body=b"data")  # type: ignore[arg-type]
        return place

    def image(self) -> tuple[str, Artifact]:
        """Push an image and return its repository and what it is."""
        image = tiny_image(self.marker.encode())
        self.admin.registry.push(f"roles/{self.marker}", "v1", image)
        return f"roles/{self.marker}", image


Attempt = Callable[[Person, Scene], object]


def _kv(verb: str, folder: str, arguments: Mapping[str, object], *, deleted: bool = False) -> Attempt:
    """Call one of hvac's functions for KV version 2 on a secret made for it."""

    def attempt(who: Person, scene: Scene) -> object:
        path = scene.secret(folder, deleted=deleted)
        return getattr(who.vault.secrets.kv.v2, verb)(path=path, mount_point="secret", **arguments)

    return attempt


_READ: dict[str, object] = {"raise_on_deleted_version": True}
_SECRET: dict[str, tuple[str, dict[str, object]]] = {
    "reads a secret's metadata": ("read_secret_metadata", {}),
    "reads a secret": ("read_secret_version", _READ),
    "writes a secret": ("create_or_update_secret", {"secret": {"key": "new"}}),
    "sets a secret's expiry": ("update_metadata", {"custom_metadata": {"expires": "2030-01-01T00:00:00Z"}}),
    "deletes a secret": ("delete_latest_version_of_secret", {}),
    "deletes a version of a secret": ("delete_secret_versions", {"versions": [1]}),
    "destroys a version of a secret": ("destroy_secret_versions", {"versions": [1]}),
    "purges a secret": ("delete_metadata_and_all_versions", {}),
    "lets a secret's versions expire": ("update_metadata", {"delete_version_after": "1s"}),
    "keeps one version of a secret": ("update_metadata", {"max_versions": 1}),
}


def _secrets(folder: str, of_whom: str) -> dict[str, Attempt]:
    attempts = {
        does.replace("secret", f"{of_whom}secret", 1): _kv(verb, folder, arguments)
        for does, (verb, arguments) in _SECRET.items()
    }
    attempts[f"recovers a deleted {of_whom}secret"] = _kv(
        "undelete_secret_versions", folder, {"versions": [1]}, deleted=True
    )
    attempts[f"lets a {of_whom}secret's versions expire by a patch"] = lambda who, scene: who.vault.adapter.request(
        "PATCH",
        f"/v1/secret/metadata/{scene.secret(folder)}",
        headers={"Content-Type": "application/merge-patch+json"},
        json={"delete_version_after": "1s"},
    )
    attempts[f"lists {of_whom}secrets"] = lambda who, scene: _list(who, scene, folder)
    return attempts


def _list(who: Person, scene: Scene, folder: str) -> None:
    made = scene.secret(folder).removeprefix(folder)
    assert made in who.vault.secrets.kv.v2.list_secrets(path=folder, mount_point="secret")["data"]["keys"]


def _vault(method: str, path: str, **body: object) -> Attempt:
    def attempt(who: Person, _: Scene) -> object:
        return who.vault.adapter.request(
            method, f"/v1/{path.format(name=who.name)}", **({"json": body} if body else {})
        )

    return attempt


def _certificate(who: Person, _: Scene) -> object:
    return who.vault.secrets.pki.generate_certificate(name="services", common_name="localhost", mount_point="pki")


KEY_VAULT: dict[str, Attempt] = {
    **_secrets("", ""),
    **_secrets("computes/", "compute's "),
    "lists datastores": _vault("LIST", "datastores/metadata"),
    "reads a datastore's metadata": _vault("GET", "datastores/metadata/workspaceblobstore"),
    "reads a datastore's credentials": _vault("GET", "datastores/data/workspaceblobstore"),
    "reads own credentials": _vault("GET", "principals/data/{name}"),
    "lists certificates": _vault("LIST", "pki/certs"),
    "has a certificate issued": _certificate,
}

FORBIDDEN_IN_KEY_VAULT: dict[str, Attempt] = {
    "reads another's credentials": _vault("GET", "principals/data/bystander"),
    "lists principals": _vault("LIST", "principals/metadata"),
    "writes own credentials": _vault("POST", "principals/data/{name}", data={"a": "b"}),
    "writes a datastore's credentials": _vault("POST", "datastores/data/workspaceblobstore", data={"a": "b"}),
    "deletes a datastore's credentials": _vault("DELETE", "datastores/data/workspaceblobstore"),
    "reads own policy": _vault("GET", "sys/policies/acl/principal-{name}"),
    "writes own policy": _vault("POST", "sys/policies/acl/principal-{name}", policy='path "*" {capabilities=["sudo"]}'),
    "writes own policy by the old path": _vault("POST", "sys/policy/principal-{name}", policy='path "*" {}'),
    "gives itself a policy": _vault("POST", "auth/userpass/users/{name}/policies", token_policies="administrator"),
    "changes own password": _vault("POST", "auth/userpass/users/{name}/password", password="mine"),
    "makes a user": _vault("POST", "auth/userpass/users/friend", password="mine"),
    "makes a token": _vault("POST", "auth/token/create", policies=["administrator"]),
    "makes an orphan token": _vault("POST", "auth/token/create-orphan", policies=["administrator"]),
    "lists policies": _vault("LIST", "sys/policies/acl"),
    "lists mounts": _vault("GET", "sys/mounts"),
    "makes a mount": _vault("POST", "sys/mounts/mine", type="kv"),
    "removes a mount": _vault("DELETE", "sys/mounts/secret"),
    "lists ways to log in": _vault("GET", "sys/auth"),
    "lists audit devices": _vault("GET", "sys/audit"),
    "removes an audit device": _vault("DELETE", "sys/audit/file"),
    "seals the vault": _vault("POST", "sys/seal"),
    "takes a snapshot": _vault("GET", "sys/storage/raft/snapshot"),
    "reads raw storage": _vault("GET", "sys/raw/core"),
    "revokes everybody's leases": _vault("POST", "sys/leases/revoke-prefix/auth"),
    "reads the setup of secrets": _vault("GET", "secret/config"),
    "changes the setup of secrets": _vault("POST", "secret/config", max_versions=1),
    "makes a role for certificates": _vault("POST", "pki/roles/any", allow_any_name=True),
    "replaces the authority": _vault("DELETE", "pki/root"),
}


def _s3(verb: str, *, bucket: str = "", **arguments: object) -> Attempt:
    """Call one of boto3's functions on an object made for it."""
    return lambda who, scene: getattr(who.s3, verb)(**scene.blob(bucket), **arguments)


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
        place = {"Bucket": "azureml", "Key": RECORD}
        admin = scene.admin.s3
        content = admin.get_object(**place)["Body"].read()  # type: ignore[arg-type]
        try:
            getattr(who.s3, verb)(**place, **({"Body": content} if verb == "put_object" else {}))
        finally:
            admin.put_object(**place, Body=content, ContentType="application/json")  # type: ignore[arg-type]

    return attempt


def _bucket(who: Person, scene: Scene, *, delete: bool) -> None:
    admin = scene.admin.s3
    if delete:
        admin.create_bucket(Bucket=scene.marker)
    try:
        (who.s3.delete_bucket if delete else who.s3.create_bucket)(Bucket=scene.marker)
    finally:
        if any(bucket["Name"] == scene.marker for bucket in admin.list_buckets()["Buckets"]):
            admin.delete_bucket(Bucket=scene.marker)


STORAGE: dict[str, Attempt] = {
    "lists containers": lambda who, scene: _expect(scene.bucket in _names(who), who, scene),
    "lists blobs": lambda who, scene: who.s3.list_objects_v2(Bucket=scene.bucket),
    "reads a blob": _s3("get_object"),
    "writes a blob": _s3("put_object", Body=b"new"),
    "writes a blob in parts": _in_parts,
    "deletes a blob": _s3("delete_object"),
    "deletes several blobs": _delete_many,
    "deletes a version of a blob": _delete_version,
    "deletes versions of several blobs": lambda who, scene: _delete_many(who, scene, versions=True),
    "reads an artifact": _s3("get_object", bucket="azureml"),
    "lists artifacts": lambda who, _: who.s3.list_objects_v2(Bucket="azureml"),
    "writes an artifact": _s3("put_object", bucket="azureml", Body=b"new"),
    "reads the workspace record": lambda who, _: who.s3.get_object(Bucket="azureml", Key=RECORD),
    "writes the workspace record": _record("put_object"),
    "deletes the workspace record": _record("delete_object"),
    "makes a container": lambda who, scene: _bucket(who, scene, delete=False),
    "deletes a container": lambda who, scene: _bucket(who, scene, delete=True),
}
_POLICY = '{"Version": "2012-10-17", "Statement": []}'
FORBIDDEN_IN_STORAGE: dict[str, Attempt] = {
    "reads a container's policy": lambda who, scene: who.s3.get_bucket_policy(Bucket=scene.bucket),
    "opens a container to everybody": lambda who, scene: who.s3.put_bucket_policy(Bucket=scene.bucket, Policy=_POLICY),
    "switches versions off": lambda who, scene: who.s3.put_bucket_versioning(
        Bucket=scene.bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "lists users": lambda who, _: who.storage_admin.user_list(),
    "makes a user": lambda who, scene: who.storage_admin.user_add(scene.marker, "secret-key-of-a-friend"),
    "changes own secret key": lambda who, _: who.storage_admin.user_add(who.name, "secret-key-of-mine"),
    "makes an access key of its own": lambda who, _: who.storage_admin.add_service_account(),
    "gives itself a policy": lambda who, _: who.storage_admin.attach_policy(["consoleAdmin"], user=who.name),
    "reads the account's settings": lambda who, _: who.storage_admin.info(),
    "takes a quota away": lambda who, scene: who.storage_admin.bucket_quota_clear(scene.bucket),
}


def _names(who: Person) -> set[str]:
    return {bucket["Name"] for bucket in who.s3.list_buckets()["Buckets"]}


def _expect(found: bool, who: Person, scene: Scene) -> None:  # noqa: FBT001 - a condition
    """MinIO answers everybody's listing, with the containers that he may see; none of them is a refusal."""
    if not found:
        assert scene.bucket not in _names(who)
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListBuckets")


def _delete_image(who: Person, scene: Scene) -> None:
    repository, image = scene.image()
    who.registry.request("DELETE", f"{repository}/manifests/{digest_of(image.manifest)}").raise_for_status()


def _ok(answer: requests.Response) -> None:
    answer.raise_for_status()


REGISTRY: dict[str, Attempt] = {
    "pulls an image": lambda who, scene: who.registry_read_only.pull(scene.admin.repository, "v1"),
    "lists images": lambda who, _: _ok(who.registry_read_only.request("GET", "_catalog")),
    "pulls where images are pushed": lambda who, scene: who.registry.pull(scene.admin.repository, "v1"),
    "pushes an image": lambda who, scene: who.registry.push(f"roles/{scene.marker}", "v2", tiny_image(b"new")),
    "deletes an image": _delete_image,
}
FORBIDDEN_IN_REGISTRY: dict[str, Attempt] = {
    "pushes where images are pulled": lambda who, scene: who.registry_read_only.push(
        f"roles/{scene.marker}", "v2", tiny_image(b"new")
    ),
    "deletes where images are pulled": lambda who, scene: _ok(
        who.registry_read_only.request("DELETE", f"roles/{scene.marker}/manifests/{digest_of(b'any')}")
    ),
}
TELEMETRY: dict[str, Attempt] = {
    "sends telemetry over gRPC": lambda who, scene: who.send(Protocol.GRPC, scene.marker),
    "sends telemetry over HTTP": lambda who, scene: who.send(Protocol.HTTP, scene.marker),
}

DOORS: dict[str, Attempt] = {
    "key vault": KEY_VAULT["reads own credentials"],
    "storage account": STORAGE["reads an artifact"],
    "container registry": REGISTRY["pulls where images are pushed"],
    "container registry (pull only)": REGISTRY["pulls an image"],
    "application insights (gRPC)": TELEMETRY["sends telemetry over gRPC"],
    "application insights (HTTP)": TELEMETRY["sends telemetry over HTTP"],
}
"""For each endpoint something that a data scientist may do there."""

WRITES: dict[str, Attempt] = {
    "key vault": KEY_VAULT["writes a secret"],
    "storage account": STORAGE["writes a blob"],
    "container registry": REGISTRY["pushes an image"],
    "application insights": TELEMETRY["sends telemetry over HTTP"],
}
"""What a data scientist may do and a reader may not."""
