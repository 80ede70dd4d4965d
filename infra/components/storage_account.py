"""Storage account: blob containers and file shares over S3, served by MinIO."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from infra import images
from infra.components.base import Component, Site
from infra.components.service import Service, run
from infra.resources.blob_container import BlobContainer
from infra.resources.generated_secrets import GeneratedSecrets
from infra.resources.ready_gate import ReadyGate
from infra.rules.bucket_tags import to_bucket_tags
from infra.rules.resources import STORAGE_ACCOUNT
from infra.settings import StorageAccountSettings

DRIVES = 4
"""Drives of one account; with four, MinIO keeps two of them as parity and survives the loss of two (docs/adr/0003)."""

VOLUMES = {**{f"data{n}": f"/data{n}" for n in range(1, DRIVES + 1)}, "config": "/etc/minio"}


class StorageAccount(Component):
    """One storage account.

    Owns: four drives (volumes) with erasure coding, one container, generated root credentials, blob containers.
    Does not own: datastores, which are names for containers; their credentials.
    Guarantees: `endpoint` is known only when the account can be written to.

    Pulumi type: ``ml-workspace:storage:StorageAccount``
    Ready when:  ``GET /minio/health/cluster`` answers 200.
    """

    engine_role = "storage"

    endpoint: pulumi.Output[str]
    """Base URL of the blob endpoint."""

    credentials: pulumi.Output[dict[str, str]]
    """``accessKey`` and ``secretKey``; secret."""

    container: docker.Container
    """What serves it; data-plane objects go with it."""

    def __init__(self, settings: StorageAccountSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(STORAGE_ACCOUNT, settings.name, settings.props(), parent=parent)
        self._settings = settings

    def provision(self, site: Site, *, use: str) -> None:
        """Make the drives and the container, and wait until the account can be written to."""
        name = self.resource_name
        keys = GeneratedSecrets(
            f"{name}-keys", lengths={"accessKey": 20, "secretKey": 40}, opts=self.child_options(after=site.reservation)
        )
        self.container = run(self, _service(keys, use), site)
        gate = ReadyGate(
            f"{name}-ready",
            what=f"storage account '{name}'",
            container=self.container_name,
            container_id=self.container.id,
            endpoint=site.url(use),
            path="/minio/health/cluster",
            expected=(200,),
            opts=self.child_options(deleted_with=self.container),
        )
        self.endpoint, self.credentials = gate.endpoint, keys.values
        self.register_outputs({"endpoint": self.endpoint, "credentials": self.credentials})

    def add_container(self, logical_name: str, container_name: pulumi.Input[str]) -> BlobContainer:
        """Make one blob container (or file share) with the account's versioning and tags."""
        return BlobContainer(
            f"{self.resource_name}-{logical_name}",
            endpoint=self.endpoint,
            keys=self.credentials,
            container_name=container_name,
            versioned=self._settings.blob_versioning,
            tags=self.bucket_tags(),
            opts=self.child_options(deleted_with=self.container),
        )

    def bucket_tags(self) -> Mapping[str, str]:
        """The account's tags in the alphabet of bucket tags."""
        return to_bucket_tags(self._settings.tags)


def _service(keys: GeneratedSecrets, use: str) -> Service:
    return Service(
        image="minio",
        command=[images.table()["minio"].binary, "server", "--quiet", f"/data{{1...{DRIVES}}}"],
        volumes=VOLUMES,
        ports={use: 9000},
        files={"root-user": keys.value("accessKey"), "root-password": keys.value("secretKey")},
        environment={
            "MINIO_ROOT_USER_FILE": "/etc/minio/root-user",
            "MINIO_ROOT_PASSWORD_FILE": "/etc/minio/root-password",
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "MINIO_CALLHOME_ENABLE": "off",
            "HOME": "/tmp",  # noqa: S108 - the container's own
        },
        memory_mib=1024,
    )
