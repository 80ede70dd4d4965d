"""The composition root, which reads like an Azure template: declare everything, then reserve, then create.

Nothing is created before all components have been declared (so that settings and policies have checked everything) and
the engine has confirmed that it can run the stack. The workspace record comes last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pulumi

from infra.components.application_insights import ApplicationInsights
from infra.components.component import ServiceComponent
from infra.components.compute_instance import ComputeInstance
from infra.components.container_registry import ContainerRegistry
from infra.components.datastores import containers_here, provision_datastores
from infra.components.existing_resource import ExistingKeyVault, ExistingResource, ExistingStorageAccount
from infra.components.inference import Inference
from infra.components.key_vault import KeyVault
from infra.components.principals import (
    identities,
    list_assignments,
    list_computes,
    make_principals,
    registered_containers,
)
from infra.components.provisioning_context import ProvisioningContext
from infra.components.resource_group import ResourceGroup
from infra.components.storage_account import StorageAccount
from infra.components.tls_certificates import Certificates, bundle
from infra.components.tracking import Tracking
from infra.components.workspace import Workspace
from infra.deletion_guards import guard_deletion, keep_expiry
from infra.preconditions import guard_changes, reserve
from infra.resources.stack_identity import StackIdentity
from infra.services import KEY_VAULT, SERVICES, STORAGE_ACCOUNT, TRACKING
from infra.settings import ResourceSettings, Settings, StorageAccountSettings


def provision(wanted: Settings) -> dict[str, Any]:
    """Provision one workspace.

    Returns:
        The stack's outputs.
    """
    group = ResourceGroup(wanted.resource_group)
    storage = _declare_account(wanted.storage_account, group)
    registry = _declare(ContainerRegistry, wanted.container_registry, group)
    vault = _declare(KeyVault, wanted.key_vault, group)
    insights = _declare(ApplicationInsights, wanted.application_insights, group)
    additional = [_declare_account(account, group) for account in wanted.additional_storage_accounts]
    workspace = Workspace(wanted.workspace, parent=group)
    tracking = [Tracking(wanted.tracking, wanted.workspace, parent=workspace)] if wanted.tracking else []
    fronts = [Inference(wanted.inference, wanted.workspace, parent=workspace)] if wanted.inference else []
    instances = [ComputeInstance(instance, wanted.workspace, parent=workspace) for instance in wanted.instances]

    associated = [vault, storage, registry, insights, *additional]
    shareable = [component for resource in associated for component in resource.owned]
    services = [*shareable, *tracking, *fronts]
    components = [*services, *instances]

    guard = guard_changes(wanted, group, declared=[group, *shareable, workspace, *tracking, *fronts, *instances])
    start = keep_expiry(wanted, group, after=guard)
    identity = StackIdentity(
        f"{group.resource_name}-identity", resource_name=group.resource_name, opts=group.child_options(after=start)
    )
    reservation = reserve(wanted, group, components, identity, after=start)

    group.provision(identity, after=reservation)
    workspace.identify(identity, in_existing_account=bool(wanted.storage_account.existing_in), after=reservation)
    context = ProvisioningContext(
        identity=identity,
        reservation=reservation,
        network=group.network,
        ports=reservation.ports,
        image_ids=reservation.image_ids,
        limits=wanted.limits,
        telemetry=insights.telemetry_target(
            after=reservation, network=group.network_name, tracking=bool(tracking), inference=bool(fronts)
        ),
        availability_tests=[
            test for one in services for test in one.availability_tests(group.network_name, tls=wanted.tls)
        ],
        certificates=_certificates(group, components, after=reservation) if wanted.tls else None,
        workspace_id=workspace.workspace_id,
        guest_options=workspace.child_options(after=reservation),
        existing_endpoints=storage.endpoints() if isinstance(storage, ExistingStorageAccount) else {},
        memory_mib=reservation.memory_mib if instances else None,
        containers=registered_containers(wanted),
        principals=make_principals(wanted, workspace_id=workspace.workspace_id, after=reservation, parent=workspace),
    )
    for server in tracking:
        server.keep_artifacts_in(workspace.artifact_container, storage.internal_address(context, group.network_name))
    own = [one for one in (*associated, *tracking) if isinstance(one, ServiceComponent)]
    for instance in instances:
        account_address = storage.internal_address(context, group.network_name)
        containers = containers_here(wanted, workspace.workspace_id)
        instance.use_services(own, account_address, group.network_name, containers)
    # The key vault takes longest to become ready, and everything after it waits for it, so it comes first.
    provisioned = [vault, *tracking, *fronts, *(one for one in associated if one is not vault)]
    connections = {key: one for resource in provisioned for key, one in resource.provision(context).items()}
    endpoints = {use: address for one in connections.values() for use, address in one.endpoints.items()}

    running = {instance.resource_name: instance.run(context) for instance in instances}
    account, guest_options = connections[STORAGE_ACCOUNT.credentials_key], workspace.child_options()
    options = storage.data_options(guest=guest_options)
    datastores = provision_datastores(
        wanted,
        workspace_id=workspace.workspace_id,
        storage_account=account,
        key_vault=connections[KEY_VAULT.credentials_key],
        options=options,
        guest_options=guest_options,
    )
    artifacts = [
        server.open_artifacts(account, workspace.workspace_id, storage.account_options()) for server in tracking
    ]
    workspace.provision(
        account,
        resource_group=wanted.resource_group.name,
        ready=[*endpoints.values(), *datastores.values(), *artifacts],
        options=options,
        tracking_uri=endpoints.get(TRACKING.endpoints[0].use),
    )
    guard_deletion(wanted, group, shareable, identity, after=[workspace.record_resource, *storage.unawaited])
    ca_certificates = [connection.ca_certificate for connection in connections.values()]
    return {
        "workspace": workspace.record,
        "resourceGroup": {key: getattr(wanted.resource_group, key) for key in ("id", "name", "location", "tags")},
        "endpoints": endpoints,
        "datastores": list(datastores.values()),
        "credentials": pulumi.Output.secret(
            {key: one.credentials for key, one in connections.items() if key not in _WITHOUT_CREDENTIALS}
        ),
        **({"roleAssignments": list_assignments(wanted)} if wanted.assignments else {}),
        **({"endpointIdentities": names} if (names := identities(wanted)) else {}),
        **({"computes": list_computes(wanted, running)} if wanted.computes else {}),
        **({"certificateAuthority": bundle(ca_certificates)} if any(one != "" for one in ca_certificates) else {}),
    }


_WITHOUT_CREDENTIALS = {service.credentials_key for service in SERVICES.values() if not service.has_credentials}
_EXISTING: Mapping[type[ServiceComponent], type[ExistingResource]] = {KeyVault: ExistingKeyVault}
_Declared = TypeVar("_Declared", bound=ServiceComponent)


def _declare_account(settings: StorageAccountSettings, group: ResourceGroup) -> StorageAccount | ExistingStorageAccount:
    if settings.existing_in:
        return ExistingStorageAccount(settings, StorageAccount)
    return StorageAccount(settings, parent=group)


def _declare(kind: type[_Declared], settings: ResourceSettings, group: ResourceGroup) -> _Declared | ExistingResource:
    """Declare an associated resource; a resource of another stack is only looked up."""
    if not settings.existing_in:
        return kind(settings, parent=group)
    return _EXISTING.get(kind, ExistingResource)(settings, kind)


def _certificates(
    group: ResourceGroup, components: Sequence[ServiceComponent], *, after: pulumi.Resource
) -> Certificates:
    return Certificates(
        group.resource_name,
        network=group.network_name,
        containers=[one.container_name(service) for one in components for service in one.services],
        options=group.child_options(after=after),
    )
