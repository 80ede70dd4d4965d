"""Existing resources: resources of other stacks that this stack's workspace uses, but never owns or destroys.

Their addresses are read from the owner's state; this stack's state stores nothing else of the owner. For a storage
account or key vault, the workspace gets its own credentials; for other services, the owner's (docs/adr/0015).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import pulumi

from infra.components.component import ServiceComponent
from infra.components.principal import storage_users
from infra.components.provisioning_context import InternalAddress, ProvisioningContext, TelemetryTarget
from infra.resources import rotation
from infra.resources.connection_args import Owner, ServiceConnectionArgs
from infra.resources.generated_secrets import GeneratedSecrets
from infra.resources.key_vault_access import KeyVaultAccess
from infra.resources.storage_principals import StoragePrincipals
from infra.rules.names.engine_names import physical_name
from infra.rules.roles.storage_scope import WORKSPACE_USER, sharers_scope, sharers_user, workspace_policy
from infra.services import STORAGE_ACCOUNT, Service
from infra.settings import ResourceSettings

_SECRET_LENGTH = 40


class ExistingResource:
    """A resource that another stack of the backend has deployed.

    Args:
        settings: The resource; `existing_in` names the stack that owns it.
        component: Class of its component.
    """

    owned: ClassVar[tuple[ServiceComponent, ...]] = ()
    """The components that this stack runs itself: none."""

    unawaited: ClassVar[tuple[pulumi.Resource, ...]] = ()
    """Resources that the record does not depend on: none."""

    def __init__(self, settings: ResourceSettings, component: type[ServiceComponent]) -> None:
        self._services, self._name, self._stack = component.services, settings.name, settings.existing_in
        self._purge_protection = bool(settings.props().get("enablePurgeProtection"))

    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """Connect to its services; what that needs is created."""
        return {service.credentials_key: self._connect(service, context) for service in self._services}

    def _connect(self, service: Service, context: ProvisioningContext) -> ServiceConnectionArgs:  # noqa: ARG002 - subclasses use it
        """Connect to a service with the owner's credentials; nothing is created."""
        return self._connection(service, pulumi.Output.secret(self._owner(service).credentials()))

    def telemetry_target(self, **_arguments: object) -> TelemetryTarget | None:
        """None: a stack's services send telemetry only to the stack's own application insights."""
        return None

    def data_options(self, *, guest: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of this stack's resources in it: those of a guest, which removes its own resources."""
        return guest

    def endpoints(self) -> dict[str, str]:
        """Addresses of its services by use, from the owner's outputs."""
        return {use: address for service in self._services for use, address in self._endpoints(service).items()}

    def _endpoints(self, service: Service) -> dict[str, str]:
        known, uses = self._owner(service).outputs()["endpoints"], [endpoint.use for endpoint in service.endpoints]
        return {use: known.get(self._own_key(use), known.get(use)) for use in uses}

    def _owner(self, service: Service) -> Owner:
        return Owner(stack=self._stack, keys=(self._own_key(service.credentials_key), service.credentials_key))

    def _connection(self, service: Service, credentials: pulumi.Output[dict[str, str]]) -> ServiceConnectionArgs:
        owner = self._owner(service)
        return ServiceConnectionArgs(
            endpoints={use: pulumi.Output.from_input(address) for use, address in self._endpoints(service).items()},
            credentials=credentials,
            ca_certificate=str(owner.outputs().get("certificateAuthority") or ""),
            owner=owner,
        )

    def _own_key(self, key: str) -> str:
        """The owner's output key for an additional account."""
        return f"{key}.{self._name}"


class ExistingKeyVault(ExistingResource):
    """A key vault of another stack: the workspace has its own token, for secrets and for its own datastores."""

    def _connect(self, service: Service, context: ProvisioningContext) -> ServiceConnectionArgs:
        """Create the workspace's token."""
        access = KeyVaultAccess(
            f"{self._name}-access",
            key_vault=self._connection(service, pulumi.Output.secret({})),
            workspace_id=context.workspace_id,
            purge_protection=self._purge_protection,
            rotates=rotation.service(service.credentials_key),
            opts=context.guest_options,
        )
        return self._connection(service, access.token.apply(lambda token: {"token": token}))


class ExistingStorageAccount(ExistingResource):
    """A storage account of another stack.

    The workspace and its principals are separate users there. The resource that creates them reads the owner's keys
    from the owner's state when needed, and does not store them.
    """

    def _connect(self, service: Service, context: ProvisioningContext) -> ServiceConnectionArgs:
        """Give the workspace and its principals access to its own containers only."""
        keys = GeneratedSecrets(
            f"{self._name}-sharer-keys",
            lengths={"secretKey": _SECRET_LENGTH},
            rotates=rotation.service(service.credentials_key),
            opts=context.guest_options,
        )
        connection = self._connection(
            service,
            pulumi.Output.all(context.workspace_id, keys.values).apply(
                lambda known: {"accessKey": sharers_user(WORKSPACE_USER, known[0]), **known[1]}
            ),
        )
        self._users = self._create_users(keys, connection, context)
        return connection

    def internal_address(self, _context: ProvisioningContext, _network: str) -> InternalAddress:
        """Its address for containers of this stack, which join the network of the owner."""
        outputs = self._owner(STORAGE_ACCOUNT).outputs()
        has_tls = str(self.endpoints()[STORAGE_ACCOUNT.endpoints[0].use]).startswith("https:")
        network = physical_name(str(outputs["resourceGroup"]["name"]))
        address = InternalAddress.of(
            STORAGE_ACCOUNT,
            container=f"{physical_name(self._name)}-{STORAGE_ACCOUNT.engine_role}",
            network=network,
            ca_certificate=str(outputs["certificateAuthority"]) if has_tls else "",
        )
        return replace(address, network=network)

    def account_options(self) -> pulumi.ResourceOptions:
        """Options of a service account in it: created after the owner's principals have been excluded."""
        return pulumi.ResourceOptions(depends_on=[self._users])

    def data_options(self, *, guest: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of this stack's resources in it: created after the owner's principals have been excluded."""
        return pulumi.ResourceOptions.merge(guest, pulumi.ResourceOptions(depends_on=[self._users]))

    def _create_users(
        self, keys: GeneratedSecrets, connection: ServiceConnectionArgs, context: ProvisioningContext
    ) -> StoragePrincipals:
        users = storage_users(context.principals)
        users_and_keys = pulumi.Output.all(context.workspace_id, users, keys.values)
        return StoragePrincipals(
            f"{self._name}-principals",
            account=self._name,
            storage_account=connection,
            policies=users_and_keys.apply(
                lambda known: {
                    sharers_user(WORKSPACE_USER, known[0]): workspace_policy(
                        sharers_scope(known[0], context.containers)
                    ),
                    **known[1]["policies"],
                }
            ),
            secrets=users_and_keys.apply(
                lambda known: {
                    sharers_user(WORKSPACE_USER, known[0]): known[2]["secretKey"],
                    **known[1]["secrets"],
                }
            ),
            sharer={"workspace_id": context.workspace_id, "containers": sorted(context.containers)},
            opts=context.guest_options,
        )
