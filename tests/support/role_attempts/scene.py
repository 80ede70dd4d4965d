"""The target of an attempt: a stack, and items in it with unique names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import hvac

from tests.support.object_store import s3_client
from tests.support.oci import Artifact, RegistryClient, registry_client, tiny_image
from tests.support.principals import Person
from tests.support.vault import vault_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Admin:
    """The stack's outputs, and clients with its own credentials, created once."""

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
    """A stack with its owner's access, and a word that only this attempt knows.

    Attributes:
        admin: Clients with the stack's own credentials, which are slow to create.
    """

    admin: Admin
    marker: str

    @property
    def bucket(self) -> str:
        """Container of a datastore."""
        return self._container_of("workspaceblobstore")

    @property
    def artifact_store(self) -> str:
        """Container of the artifacts and the workspace record."""
        return self._container_of("workspaceartifactstore")

    @property
    def new_bucket(self) -> str:
        """A new container; in an account of another stack, only names with the workspace's GUID are allowed."""
        guid = self.admin.outputs["workspace"]["workspaceId"]
        return f"{guid}-{self.marker}" if self.artifact_store.endswith(guid) else self.marker

    def _container_of(self, datastore: str) -> str:
        return next(str(s["container"]) for s in self.admin.outputs["datastores"] if s["name"] == datastore)

    def secret(self, folder: str = "", *, deleted: bool = False) -> str:
        """Create a secret and return its path."""
        path, kv = f"{folder}{self.marker}", self.admin.vault.secrets.kv.v2
        kv.create_or_update_secret(path=path, secret={"key": "value"}, mount_point="secret")
        if deleted:
            kv.delete_latest_version_of_secret(path=path, mount_point="secret")
        return path

    def blob(self, bucket: str = "") -> dict[str, str]:
        """Create an object and return its location."""
        place = {"Bucket": bucket or self.bucket, "Key": self.marker}
        self.admin.s3.put_object(**place, Body=b"data")  # type: ignore[arg-type]
        return place

    def image(self) -> tuple[str, Artifact]:
        """Push an image and return its repository and content."""
        image = tiny_image(self.marker.encode())
        self.admin.registry.push(f"roles/{self.marker}", "v1", image)
        return f"roles/{self.marker}", image


Attempt = Callable[[Person, Scene], object]
