"""Access: principals, their roles, and what these allow in each service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.rules.roles.role_definitions import find_role
from infra.rules.roles.role_operations import OPERATIONS, Service, role_services
from infra.services import TRACKING, services_at
from mlw.studio.panel import Group, Panel, PanelRequest

TITLES = {
    Service.STORAGE: "Storage account",
    Service.KEY_VAULT: "Key vault",
    Service.REGISTRY: "Container registry",
    Service.TELEMETRY: "Application insights",
    Service.TRACKING: "Tracking server",
    Service.COMPUTES: "Jobs and assets",
    Service.INFERENCE: "Online endpoints",
}


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Read the assignments in the stack's outputs; a principal sees only its own."""
    only, outputs = request.access.principal, request.access.stack.outputs
    services = services_of(outputs)
    titles = {service: title for service, title in TITLES.items() if service in services}
    roles: dict[str, list[str]] = {}
    for held in outputs.get("roleAssignments") or ():
        if not only or held["principal"] == only:
            roles.setdefault(held["principal"], []).append(held["role"])
    return {"principals": [_described(name, held, titles) for name, held in sorted(roles.items())], "only": only}


def services_of(outputs: Mapping[str, Any]) -> list[Service]:
    """The services of a workspace that roles apply to, by the stack's outputs."""
    return role_services(
        tracking=TRACKING in services_at(outputs["endpoints"]),
        computes=bool(outputs.get("computes")),
        inference=Service.INFERENCE in outputs["endpoints"],
    )


def _described(name: str, roles: list[str], titles: Mapping[Service, str]) -> dict[str, Any]:
    found = [find_role(role) for role in roles]
    allowed = {operation for role in found if role for operation in role.operations}
    return {
        "name": name,
        "roles": roles,
        "custom": [role for role, known in zip(roles, found, strict=True) if known is None],
        "services": [
            {
                "title": title,
                "operations": [
                    {"name": one, "meaning": operation.meaning}
                    for one, operation in OPERATIONS.items()
                    if operation.service is service and one in allowed
                ],
            }
            for service, title in titles.items()
        ],
    }


PANEL = Panel(
    key="access",
    title="Access",
    about="Who has which role, and what it allows. Roles are assigned in the stack file.",
    group=Group.DATA,
    icon="people",
    template="access.html",
    load=load,
)
