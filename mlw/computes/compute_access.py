"""What a job gets of its workspace: the services' addresses in the stack's network, and its compute's own credentials.

The credentials are those of the compute's principal, from the key vault. The submitter's are not among them.
Deployments of online endpoints get the same of the principal that is their identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from infra.client_variables import Access
from infra.clients.state import stack_states
from infra.host.project import PROJECT
from infra.rules.names.engine_names import physical_name
from infra.rules.resources.resource_ids import parse_resource_id
from infra.services import CONTAINER_REGISTRY, Service, services_at
from mlw.client_environment.principal_access import access_of_principal
from mlw.computes.workspace_computes import Compute
from mlw.stacks.stacks import Stack, open_stack

HOST_NETWORK = "host"
"""The engine's name for the network of its own machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ComputeAccess:
    """Addresses and credentials of a job.

    Attributes:
        endpoints: Like the stack's output of that name, but as a container reaches the services.
        credentials: Like the stack's output of that name; a service without access has no entry.
        networks: The engine's networks that the services are in, that of the stack first.
        ca_certificate: CA certificates (PEM) of the endpoints; empty without TLS.
        registry_scheme: ``http`` or ``https``, which the address of a registry does not have.
        on_host: Like the stack's output `endpoints`; `registry` is the one that accepts the principal's login.
    """

    endpoints: Mapping[str, str]
    credentials: Mapping[str, Mapping[str, str]] = field(repr=False)
    networks: tuple[str, ...]
    ca_certificate: str
    registry_scheme: str
    on_host: Mapping[str, str] = field(default_factory=dict)

    def on_other_engine(self) -> ComputeAccess:
        """For a container of an attached engine: in the network of its machine, where the same addresses lead here."""
        return replace(self, endpoints=self.on_host, networks=(HOST_NETWORK,))

    def in_container(self, ca_file: Path, ca_bundle: Path) -> Access:
        """What `client_variables.variables` takes.

        Args:
            ca_file: Where the container has :attr:`ca_certificate`.
            ca_bundle: Where it has the same, and in addition the certificates that its image trusts.
        """
        tls = {"ca_file": ca_file, "ca_bundle": ca_bundle} if self.ca_certificate else {}
        return Access(
            endpoints=self.endpoints, credentials=self.credentials, registry_scheme=self.registry_scheme, **tls
        )


def credentials_of(stack: Stack, compute: Compute) -> ComputeAccess:
    """Read the credentials of a compute's principal; see :func:`access_in_network`."""
    return access_in_network(stack, compute.principal)


def access_in_network(stack: Stack, principal: str, *, own_only: bool = False) -> ComputeAccess:
    """Read the credentials of a principal, and log in to the key vault as it.

    Args:
        stack: The stack.
        principal: Name of the principal.
        own_only: Whether services that another stack runs are left out.

    Raises:
        NoSuchPrincipalError: The key vault does not have them.
        ServiceError: The key vault rejects the login.
    """
    outputs = stack.require_outputs()
    on_host, credentials = access_of_principal(stack, principal, outputs["endpoints"])
    owners = _owners(stack)
    endpoints: dict[str, str] = {}
    networks = [_network(stack)]
    for service in services_at(outputs["endpoints"]):
        owner = owners[service.name]
        if own_only and owner is not stack:
            continue
        endpoints |= _endpoints(service, service.resource_id(outputs["workspace"]), owner)
        if _network(owner) not in networks:
            networks.append(_network(owner))
    if on_host["registry"] == outputs["endpoints"]["registryReadOnly"] and "registry" in endpoints:
        endpoints["registry"] = endpoints["registryReadOnly"]
    return ComputeAccess(
        endpoints=endpoints,
        credentials=credentials,
        networks=tuple(networks),
        ca_certificate=stack.ca_certificate,
        registry_scheme="https" if owners[CONTAINER_REGISTRY.name].serves_tls else "http",
        on_host=on_host,
    )


def address_in_network(stack: Stack, service: Service) -> str | None:
    """Address of a service for containers in the network of a stack; None if another stack runs it."""
    if _owners(stack)[service.name] is not stack:
        return None
    resource_id = service.resource_id(stack.require_outputs()["workspace"])
    return _endpoints(service, resource_id, stack)[service.endpoints[0].use]


def _owners(stack: Stack) -> dict[str, Stack]:
    """The stack that runs each service, by the service's name."""
    outputs = stack.require_outputs()
    others = stack_states.deployed(project=PROJECT, except_stack=stack.name)
    names = {component.resource_id.casefold(): component.stack for component in others}
    found = {
        service.name: names.get(service.resource_id(outputs["workspace"]).casefold())
        for service in services_at(outputs["endpoints"])
    }
    opened = {name: open_stack(name) for name in found.values() if name}
    return {service: opened[name] if name else stack for service, name in found.items()}


def _network(stack: Stack) -> str:
    return physical_name(str(stack.require_outputs()["resourceGroup"]["name"]))


def _endpoints(service: Service, resource_id: str, owner: Stack) -> dict[str, str]:
    """Addresses of a service by use; without TLS the container's name is enough."""
    tls = owner.serves_tls
    container = f"{physical_name(parse_resource_id(resource_id).name)}-{service.engine_role}"
    host = f"{container}.{_network(owner)}".lower() if tls else container
    scheme = "https" if tls else "http"
    return {
        endpoint.use: f"{scheme}://{host}:{endpoint.port}" if endpoint.has_scheme else f"{host}:{endpoint.port}"
        for endpoint in service.endpoints
    }
