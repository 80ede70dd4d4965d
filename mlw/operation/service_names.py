"""Names of services on the command line: those of the stack's credentials, of its endpoints, and Azure's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.errors import MlWorkspaceError
from infra.host.near_names import suggestion
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.services import services_at
from mlw.diagnosis.engine_snapshot import Container, take_snapshot
from mlw.stacks.stacks import Stack

_ALIASES: Mapping[str, str] = {
    "storageaccount": "storage",
    "containerregistry": "registry",
    "registryreadonly": "registry",
    "applicationinsights": "telemetry",
    "otlphttp": "telemetry",
    "otlpgrpc": "telemetry",
    "insightsstore": "insights",
    "mlflow": "tracking",
    "onlineendpoints": "inference",
}
_ADDITIONAL = "storage."


class UnknownServiceError(MlWorkspaceError):
    """The stack has no such service, or no container of it."""


@dataclass(frozen=True, slots=True)
class ServiceContainer:
    """A service, and its container on the engine."""

    service: str
    container: Container


def service_containers(stack: Stack) -> list[ServiceContainer]:
    """The containers that serve a workspace, including those of other stacks that it uses.

    Raises:
        NotUpError: The stack has never been deployed successfully.
        EngineUnreachableError: The engine does not respond.
    """
    wanted = _resources(stack)
    from infra.clients.state import stack_states  # noqa: PLC0415 - keeps `--help` quick

    known = {stack.stack_id, *stack_states.identities()}
    found = take_snapshot(stack_ids=known, resource_ids={identity for identity, _ in wanted.values()}).containers
    return [
        ServiceContainer(name, container)
        for name, (identity, suffix) in wanted.items()
        for container in found
        if container.resource_id.casefold() == identity.casefold() and container.name.endswith(suffix)
    ]


def container_of(stack: Stack, name: str) -> Container:
    """The container of a service.

    Args:
        stack: The stack.
        name: `storage`, `registry`, `keyVault`, `telemetry`, `insights`, `tracking`, `inference`, `storage.<name>`, or
            Azure's name.

    Raises:
        UnknownServiceError: There is no such service, or its container does not exist.
    """
    wanted = resolve(stack, name)
    for found in service_containers(stack):
        if found.service == wanted:
            return found.container
    raise UnknownServiceError(
        f"looking for the container of service '{wanted}' in stack '{stack.name}': the engine has none. Run `make up "
        f"STACK={stack.name}`, which creates it."
    )


def resolve(stack: Stack, name: str) -> str:
    """The service that a name means, in any case.

    Raises:
        UnknownServiceError: The stack has no such service.
    """
    known = {service.casefold(): service for service in _resources(stack)}
    found = known.get(_ALIASES.get(name.casefold(), name).casefold())
    if found is None:
        raise UnknownServiceError(
            f"looking for service '{name}': no such service in stack '{stack.name}'."
            f"{suggestion(name, known.values())} Services: {', '.join(known.values())}."
        )
    return found


def _resources(stack: Stack) -> dict[str, tuple[str, str]]:
    """Services of a stack: the id of the resource, and how the name of the container ends."""
    outputs = stack.require_outputs()
    record, endpoints = outputs["workspace"], outputs["endpoints"]
    found = {
        service.credentials_key: (service.resource_id(record), f"-{service.engine_role}")
        for service in services_at(endpoints)
    }
    for component in stack.components:
        inputs = component["inputs"]
        if component["type"] == STORAGE_ACCOUNT and inputs.get("role") == "additional":
            found[_ADDITIONAL + inputs["name"]] = (inputs["resourceId"], "-storage")
    return found
