"""Existing resources: those of other stacks that this stack's workspace uses; never owned, never destroyed.

Their addresses are read from the owner's state, which is all that this stack's state keeps of it. What a client is
given: of a storage account and a key vault credentials of the workspace's own; of the other services what the owner's
clients have (docs/adr/0015).
"""

from __future__ import annotations

from typing import ClassVar

import pulumi

from infra.components.component import ServiceComponent
from infra.components.principal import storage_users
from infra.components.provisioning_context import ProvisioningContext, TelemetryTarget
from infra.resources import rotation
from infra.resources.connection_args import Owner, ServiceConnectionArgs
from infra.resources.generated_secrets import GeneratedSecrets
from infra.resources.key_vault_access import KeyVaultAccess
from infra.resources.storage_principals import StoragePrincipals
from infra.rules.roles.storage_scope import WORKSPACE_USER, sharers_scope, sharers_user, workspace_policy
from infra.settings import ResourceSettings

_SECRET_LENGTH = 40


class ExistingResource:
    """A resource that another stack of the backend has deployed.

    Args:
        settings: The resource; `existing_in` names the stack that owns it.
        component: Class of the component that serves it there.
    """

    owned: ClassVar[tuple[ServiceComponent, ...]] = ()
    """What this stack itself runs of the resource: nothing."""

    unawaited: ClassVar[tuple[pulumi.Resource, ...]] = ()
    """What the record does not wait for: nothing."""

    def __init__(self, settings: ResourceSettings, component: type[ServiceComponent]) -> None:
        self._service, self._name = component.service, settings.name
        self.credentials_key = self._service.credentials_key
        keys = (self._own_key(self.credentials_key), self.credentials_key)
        self._purge_protection = bool(settings.props().get("enablePurgeProtection"))
        self._owner = Owner(stack=settings.existing_in, keys=keys)

    def provision(self, context: ProvisioningContext) -> ServiceConnectionArgs:  # noqa: ARG002 - as of a component
        """Connect to it; there is nothing to make."""
        return self._connection(pulumi.Output.secret(self._owner.credentials()))

    def telemetry_target(self, **_arguments: object) -> TelemetryTarget | None:
        """None: a stack's services send their telemetry to an application insights of the stack's own only."""
        return None

    def data_options(self, *, guest: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of what this stack makes in it: those of a guest, who removes what is his."""
        return guest

    def endpoints(self) -> dict[str, str]:
        """Its addresses by use, as the owner gives them out."""
        known, uses = self._owner.outputs()["endpoints"], [endpoint.use for endpoint in self._service.endpoints]
        return {use: known.get(self._own_key(use), known.get(use)) for use in uses}

    def _connection(self, credentials: pulumi.Output[dict[str, str]]) -> ServiceConnectionArgs:
        return ServiceConnectionArgs(
            endpoints={use: pulumi.Output.from_input(address) for use, address in self.endpoints().items()},
            credentials=credentials,
            ca_certificate=str(self._owner.outputs().get("certificateAuthority") or ""),
            owner=self._owner,
        )

    def _own_key(self, key: str) -> str:
        """Where the owner gives out what is an additional account's."""
        return f"{key}.{self._name}"


class ExistingKeyVault(ExistingResource):
    """A key vault of another stack: the workspace has a token of its own, for secrets and for its own datastores."""

    def provision(self, context: ProvisioningContext) -> ServiceConnectionArgs:
        """Let the workspace in."""
        access = KeyVaultAccess(
            f"{self._name}-access",
            key_vault=self._connection(pulumi.Output.secret({})),
            workspace_id=context.workspace_id,
            purge_protection=self._purge_protection,
            rotates=rotation.service(self.credentials_key),
            opts=context.guest_options,
        )
        return self._connection(access.token.apply(lambda token: {"token": token}))


class ExistingStorageAccount(ExistingResource):
    """A storage account of another stack.

    The workspace is a user of its own there, and so are its principals; what makes them finds the owner's keys in the
    owner's state when it needs them, and keeps them nowhere.
    """

    def provision(self, context: ProvisioningContext) -> ServiceConnectionArgs:
        """Let the workspace and its principals in, to its own containers and to nobody else's."""
        keys = GeneratedSecrets(
            f"{self._name}-sharer-keys",
            lengths={"secretKey": _SECRET_LENGTH},
            rotates=rotation.service(self.credentials_key),
            opts=context.guest_options,
        )
        connection = self._connection(
            pulumi.Output.all(context.workspace_id, keys.values).apply(
                lambda known: {"accessKey": sharers_user(WORKSPACE_USER, known[0]), **known[1]}
            )
        )
        self._users = self._let_in(keys, connection, context)
        return connection

    def data_options(self, *, guest: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of what this stack makes in it: nothing before the owner's principals are kept out."""
        return pulumi.ResourceOptions.merge(guest, pulumi.ResourceOptions(depends_on=[self._users]))

    def _let_in(
        self, keys: GeneratedSecrets, connection: ServiceConnectionArgs, context: ProvisioningContext
    ) -> StoragePrincipals:
        users = storage_users(context.principals)
        everybody = pulumi.Output.all(context.workspace_id, users, keys.values)
        return StoragePrincipals(
            f"{self._name}-principals",
            account=self._name,
            storage_account=connection,
            policies=everybody.apply(
                lambda known: {
                    sharers_user(WORKSPACE_USER, known[0]): workspace_policy(
                        sharers_scope(known[0], context.containers)
                    ),
                    **known[1]["policies"],
                }
            ),
            secrets=everybody.apply(
                lambda known: {
                    sharers_user(WORKSPACE_USER, known[0]): known[2]["secretKey"],
                    **known[1]["secrets"],
                }
            ),
            sharer={"workspace_id": context.workspace_id, "containers": sorted(context.containers)},
            opts=context.guest_options,
        )
