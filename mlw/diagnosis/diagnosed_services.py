"""The services of one workspace: address, credentials and owner of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.clients.service_connection import ServiceConnection
from infra.clients.state import stack_states
from infra.host.project import PROJECT
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.rules.resources.resource_ids import parse_resource_id
from infra.services import STORAGE_ACCOUNT as STORAGE
from infra.services import WORKSPACE_SECTION, Service, services_at
from mlw.diagnosis.findings import Group
from mlw.stacks.stacks import Stack, open_stack

GROUPS: Mapping[str, Group] = {
    "storageAccount": Group.STORAGE_ACCOUNT,
    "keyVault": Group.KEY_VAULT,
    "containerRegistry": Group.CONTAINER_REGISTRY,
    "applicationInsights": Group.APPLICATION_INSIGHTS,
    WORKSPACE_SECTION: Group.OTHER,
}
"""Maps the section of a service to the group of its findings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DiagnosedService:
    """One service of the workspace.

    Attributes:
        owner: Name of the stack that created it; for an existing resource another stack.
        connection: The first endpoint, with the stack's credentials.
        others: Base URLs of the further endpoints.
        sharer: Name of the stack that uses it, if another stack owns it.
    """

    service: Service
    resource_id: str
    owner: str
    connection: ServiceConnection
    others: tuple[str, ...] = ()
    sharer: str = ""

    @property
    def what(self) -> str:
        """The resource, as in messages."""
        name = parse_resource_id(self.resource_id).name
        part = f"-{self.service.engine_role}" if self.service.section == WORKSPACE_SECTION else ""
        return f"{self.service.title} '{name}{part}'"

    @property
    def group(self) -> Group:
        """The group of its findings."""
        return GROUPS[self.service.section]

    @property
    def addresses(self) -> tuple[str, ...]:
        """All its base URLs."""
        return self.connection.endpoint, *self.others


def services_of(stack: Stack, credentials: Mapping[str, Any]) -> list[DiagnosedService]:
    """List the services of the resources in the record, including those of other stacks, and all storage accounts."""
    outputs = stack.require_outputs()
    endpoints, record = outputs["endpoints"], outputs["workspace"]
    others = stack_states.deployed(project=PROJECT, except_stack=stack.name)
    owners = {component.resource_id.casefold(): component.stack for component in others}
    found = []
    for service in services_at(endpoints):
        resource_id = service.resource_id(record)
        owner = owners.get(resource_id.casefold(), stack.name)
        tls = (stack if owner == stack.name else open_stack(owner)).serves_tls
        first, *further = (endpoint.use for endpoint in service.endpoints)
        found.append(
            DiagnosedService(
                service=service,
                resource_id=resource_id,
                owner=owner,
                connection=_connection(stack, endpoints[first], credentials.get(service.credentials_key, {}), tls=tls),
                sharer="" if owner == stack.name else stack.name,
                others=tuple(_url(endpoints[use], tls=tls) for use in further if use in endpoints),
            )
        )
    return [*found, *_additional_accounts(stack, endpoints, credentials)]


def _additional_accounts(
    stack: Stack, endpoints: Mapping[str, str], credentials: Mapping[str, Any]
) -> Iterator[DiagnosedService]:
    service = STORAGE
    for component in stack.components:
        inputs = component["inputs"]
        if component["type"] == STORAGE_ACCOUNT and inputs.get("role") == "additional":
            (endpoint,), suffix = service.endpoints, f".{inputs['name']}"
            keys = credentials[service.credentials_key + suffix]
            yield DiagnosedService(
                service=service,
                resource_id=inputs["resourceId"],
                owner=stack.name,
                connection=_connection(stack, endpoints[endpoint.use + suffix], keys, tls=stack.serves_tls),
            )


def _connection(stack: Stack, address: str, credentials: Mapping[str, str], *, tls: bool) -> ServiceConnection:
    return ServiceConnection(
        endpoint=_url(address, tls=tls),
        credentials=credentials,
        ca_certificate=stack.ca_certificate if tls else "",
    )


def _url(address: str, *, tls: bool) -> str:
    return address if "://" in address else f"{'https' if tls else 'http'}://{address}"
