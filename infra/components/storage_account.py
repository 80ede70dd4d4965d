"""Storage account: blob containers and file shares over S3, served by MinIO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi
import pulumi_docker as docker

from infra import service_images
from infra.components.component import ServiceComponent
from infra.components.provisioning_context import ProvisioningContext
from infra.components.service_container import Service, run
from infra.resources.generated_secrets import GeneratedSecrets
from infra.resources.ready_gate import ReadyGate
from infra.resources.storage_principals import StoragePrincipals
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.settings import StorageAccountSettings

USE = "storage"
"""Use of the workspace's own account; that of an additional one has its name added."""

DRIVES = 4
"""Drives of one account; with four, MinIO keeps two of them as parity and survives the loss of two (docs/adr/0003)."""


ENCRYPTION_KEY_NAME, ENCRYPTION_KEY_BYTES = "ml-workspace", 32
"""What everything at rest is encrypted with; on another volume than the data, and (encrypted) in the stack's state."""


class StorageAccount(ServiceComponent):
    """One storage account.

    Owns: four drives (volumes) with erasure coding, one container, generated root credentials, the encryption key.
    Does not own: the containers in it, which datastores ask for.
    Guarantees: `endpoints` are known only when the account can be written to.

    Pulumi type: ``ml-workspace:storage:StorageAccount``
    Ready when:  ``GET /minio/health/cluster`` answers 200.
    """

    type_token = STORAGE_ACCOUNT
    engine_role = "storage"
    volumes: ClassVar[Mapping[str, str]] = {
        **{f"data{n}": f"/data{n}" for n in range(1, DRIVES + 1)},
        "config": "/etc/minio",
    }

    credentials_key = USE
    uses = (USE,)

    container: docker.Container
    """What serves it; data-plane objects go with it."""

    def __init__(self, settings: StorageAccountSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(settings, parent=parent)
        if settings.role == "additional":
            self.credentials_key = f"{USE}.{settings.name}"
            self.uses = (self.credentials_key,)

    def provision(self, context: ProvisioningContext) -> None:
        """Make the drives and the container, and wait until the account can be written to."""
        name, (use,) = self.resource_name, self.uses
        keys = GeneratedSecrets(
            f"{name}-keys",
            lengths={"accessKey": 20, "secretKey": 40, "encryptionKey": ENCRYPTION_KEY_BYTES},
            kinds={"encryptionKey": "base64"},
            # Service accounts belong to the access key's name, and without the encryption key all data is lost.
            rotating=["secretKey"],
            opts=self.child_options(after=context.reservation),
        )
        self.container = run(self, _service(keys, use, tls=context.certificates is not None), context)
        gate = ReadyGate(
            f"{name}-ready",
            what=f"storage account '{name}'",
            container=self.container_name,
            container_id=self.container.id,
            endpoint=context.url(use),
            path="/minio/health/cluster",
            expected=(200,),
            authority=context.trust,
            opts=self.child_options(deleted_with=self.container),
        )
        self.endpoints = {use: gate.endpoint}
        self.credentials = keys.values.apply(lambda made: {key: made[key] for key in ("accessKey", "secretKey")})
        if self.credentials_key == USE:
            _let_in(self, context)
        self.trust = context.trust
        self.register_outputs({"endpoints": self.endpoints, "credentials": self.credentials})

    def data_options(self) -> pulumi.ResourceOptions:
        """Options of what lies in the account: it goes with the account and never before it."""
        kept = pulumi.ResourceOptions(retain_on_delete=True)
        return pulumi.ResourceOptions.merge(self.child_options(deleted_with=self.container), kept)


def _let_in(account: StorageAccount, context: ProvisioningContext) -> None:
    """Make the principals' users in the workspace's own account; those of an additional one are nobody's."""
    policies = {p.name: p.storage_policy for p in context.principals if p.storage_policy is not None}
    StoragePrincipals(
        f"{account.resource_name}-principals",
        account=account.resource_name,
        endpoint=account.endpoints[USE],
        keys=account.credentials,
        authority=context.trust,
        policies=policies,
        secrets={
            p.name: p.secrets.apply(lambda made: made["storage"]) for p in context.principals if p.name in policies
        },
        opts=account.child_options(deleted_with=account.container),
    )


def _service(keys: GeneratedSecrets, use: str, *, tls: bool) -> Service:
    drives = f"/data{{1...{DRIVES}}}"
    # Plain HTTP is what MinIO serves where it finds no certificate.
    certificates = ["--certs-dir", "/etc/minio"] if tls else []
    return Service(
        image="minio",
        command=[service_images.table()["minio"].binary, "server", "--quiet", *certificates, drives],
        ports={use: 9000},
        files={
            "root-user": keys.value("accessKey"),
            "root-password": keys.value("secretKey"),
            "encryption-key": keys.value("encryptionKey").apply(lambda key: f"{ENCRYPTION_KEY_NAME}:{key}"),
        },
        environment={
            "MINIO_ROOT_USER_FILE": "/etc/minio/root-user",
            "MINIO_ROOT_PASSWORD_FILE": "/etc/minio/root-password",
            "MINIO_KMS_SECRET_KEY_FILE": "/etc/minio/encryption-key",
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "MINIO_CALLHOME_ENABLE": "off",
            "GOGC": "40",  # a quarter less memory under load, at the same speed
            "HOME": "/tmp",  # noqa: S108 - the container's own
        },
        memory_mib=1024,
    )
