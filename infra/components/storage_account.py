"""Storage account: blob containers and file shares over S3, served by MinIO."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra import service_images, services
from infra.components.component import ServiceComponent
from infra.components.docker_objects import Container
from infra.components.principal import storage_users
from infra.components.provisioning_context import InternalAddress, ProvisioningContext
from infra.components.service_container import ServiceContainer, run
from infra.resources import rotation
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.generated_secrets import GeneratedSecrets
from infra.resources.storage_principals import StoragePrincipals
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.services import Endpoint, Service
from infra.settings import StorageAccountSettings

ENCRYPTION_KEY_NAME, ENCRYPTION_KEY_BYTES = "ml-workspace", 32
"""Key for encryption at rest; stored on a separate volume from the data, and encrypted in the stack's state."""


class StorageAccount(ServiceComponent):
    """One storage account.

    Owns: four drives (volumes) with erasure coding, one container, generated root credentials, the encryption key.
    Does not own: the containers in it, which datastores create.
    Guarantees: `endpoints` are known when the account is writable.

    Pulumi type: ``ml-workspace:storage:StorageAccount``
    Ready when:  ``GET /minio/health/cluster`` returns 200.
    """

    type_token = STORAGE_ACCOUNT
    services = (services.STORAGE_ACCOUNT,)

    container: Container
    """Its container; data-plane objects are deleted with it."""

    def __init__(self, settings: StorageAccountSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(settings, parent=parent)
        self._is_additional = settings.role == "additional"

    def credentials_key(self, service: Service) -> str:
        """The service's key for the workspace's own account; an additional account appends its name."""
        return self._qualified(service.credentials_key)

    def use(self, endpoint: Endpoint) -> str:
        """The service's key for the workspace's own account; an additional account appends its name."""
        return self._qualified(endpoint.use)

    def _qualified(self, key: str) -> str:
        return f"{key}.{self.resource_name}" if self._is_additional else key

    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """Create the drives and the container, and wait until the account is writable."""
        keys = GeneratedSecrets(
            f"{self.resource_name}-keys",
            lengths={"accessKey": 20, "secretKey": 40, "encryptionKey": ENCRYPTION_KEY_BYTES},
            encodings={"encryptionKey": "base64"},
            # Service accounts belong to the access key, and without the encryption key all data is lost.
            rotating=["secretKey"],
            rotates=rotation.service(services.STORAGE_ACCOUNT.credentials_key),
            data_of={"stack_id": context.identity.stack_id, "resource_name": self.resource_name},
            opts=self.child_options(after=context.reservation),
        )
        self.container = run(self, _container(keys, tls=context.certificates is not None), context)
        connection = ServiceConnectionArgs(
            endpoints=self.ready(services.STORAGE_ACCOUNT, self.container, context),
            credentials=keys.values.apply(lambda made: {key: made[key] for key in ("accessKey", "secretKey")}),
            ca_certificate=context.ca_certificate,
        )
        if not self._is_additional:
            self.unawaited = [self._make_principals(connection, context)]
        return self.connected(connection)

    def _make_principals(self, connection: ServiceConnectionArgs, context: ProvisioningContext) -> StoragePrincipals:
        """Create the principals' users in the workspace's own account; an additional account has none."""
        users = storage_users(context.principals)
        return StoragePrincipals(
            f"{self.resource_name}-principals",
            account=self.resource_name,
            storage_account=connection,
            policies=users.apply(lambda known: known["policies"]),
            secrets=users.apply(lambda known: known["secrets"]),
            opts=self.child_options(deleted_with=self.container),
        )

    def internal_address(self, context: ProvisioningContext, network: str) -> InternalAddress:
        """Its address for other containers of the stack.

        Args:
            context: The context of the component.
            network: Name of the stack's network.
        """
        return InternalAddress.of(
            services.STORAGE_ACCOUNT,
            container=self.container_name(services.STORAGE_ACCOUNT),
            network=network,
            ca_certificate=context.ca_certificate,
        )

    def account_options(self) -> pulumi.ResourceOptions:
        """Options of a service account in it: deleted with the account, or before it."""
        return pulumi.ResourceOptions(deleted_with=self.container)

    def data_options(self, *, guest: pulumi.ResourceOptions) -> pulumi.ResourceOptions:  # noqa: ARG002 - same signature as an existing one
        """Options of resources in the account: they are deleted with the account, never before it."""
        kept = pulumi.ResourceOptions(retain_on_delete=True)
        return pulumi.ResourceOptions.merge(self.child_options(deleted_with=self.container), kept)


def _container(keys: GeneratedSecrets, *, tls: bool) -> ServiceContainer:
    drives = f"/data{{1...{services.DRIVES}}}"
    # Without a certificate, MinIO serves plain HTTP.
    certificates = ["--certs-dir", "/etc/minio"] if tls else []
    return ServiceContainer(
        service=services.STORAGE_ACCOUNT,
        command=[
            service_images.table()[services.STORAGE_ACCOUNT.image].binary,
            "server",
            "--quiet",
            *certificates,
            drives,
        ],
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
            "GOGC": "40",  # saves a quarter of the memory under load, at the same speed
            "HOME": "/tmp",  # noqa: S108 - the container's own
        },
        memory_mib=1024,
    )
