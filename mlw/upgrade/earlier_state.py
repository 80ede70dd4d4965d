"""Converts a whole state from the format before the provider plugin and before identities.

Pure. Every resource keeps its place, id and data. Changed: types and names of the project's own resources and all
references to them, their properties (`earlier_properties`), their provider. Added: the stack's identity, and a guard
for the volumes of each service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.clients.state.stack_states import DYNAMIC_TYPE
from infra.errors import EarlierVersionError
from infra.provider.tokens import MODULES
from infra.resources.resource import PACKAGE
from infra.rules.resources.component_types import RESOURCE_GROUP
from mlw.upgrade.earlier_properties import Belonging, convert

Resource = dict[str, Any]

PROVIDER_TYPE = f"pulumi:providers:{PACKAGE}"
DYNAMIC_PROVIDER_TYPE = "pulumi:providers:pulumi-python"
VOLUME_TYPE = "docker:index/volume:Volume"

TYPES: Mapping[str, str] = {name.rpartition(":")[2]: f"{PACKAGE}:{name}" for name in MODULES}
"""Kind to type."""

RENAMED: Mapping[str, str] = {"ChangeGuard": "changes", "UsageGuard": "usage"}
"""Types whose logical name began with the stack name, and now begins with that of the resource group."""

RENAMED_SECRETS: Mapping[str, str] = {"authority_bundle": "ca_bundle"}
"""Secret outputs that were renamed."""

BY_IDENTITY = frozenset({"EngineReservation", "UsageGuard"})
"""Types whose id is the stack's identity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The new identity of the stack."""

    stack_id: str
    stack: str
    made_by: str


def take_over(deployment: Mapping[str, Any], identity: Identity) -> Resource:
    """Convert a deployment to the current format.

    Args:
        deployment: As exported, with secrets as text.
        identity: The stack's.

    Raises:
        EarlierVersionError: Its format is not that of the last version before the provider plugin.
    """
    held = list(_without_attempts(deployment.get("resources") or []))
    group = next((name_of(r["urn"]) for r in held if r["type"] == RESOURCE_GROUP), "")
    if not group:
        raise EarlierVersionError(
            f"upgrading the state of stack '{identity.stack}': it has no resource group. Nothing was changed. Use "
            "the version of the project that created it."
        )
    urns = {resource["urn"]: _new_urn(resource, group) for resource in held}
    converted = [_converted(resource, urns, identity) for resource in held]
    pending = [
        {**operation, "resource": _converted(operation["resource"], urns, identity)}
        for operation in deployment.get("pending_operations") or []
    ]
    resources = list(_with_guards(converted, identity))
    return {**deployment, "resources": resources, **({"pending_operations": pending} if pending else {})}


def name_of(urn: str) -> str:
    """The logical name in a URN."""
    return urn.rpartition("::")[2]


def _without_attempts(resources: list[Resource]) -> Iterator[Resource]:
    """Leave out resources that a rejected update of a newer version has added."""
    is_mixed = any(resource["type"].startswith(DYNAMIC_TYPE) for resource in resources)
    for resource in resources:
        own = resource["type"] == PROVIDER_TYPE or resource["type"] in TYPES.values()
        if not (is_mixed and own):
            yield resource


def _kind(resource: Resource) -> str:
    """Last part of the type of one of the project's own resources; empty for any other."""
    own = resource["type"].startswith(DYNAMIC_TYPE) or resource["type"] in TYPES.values()
    return str(resource["type"].rpartition(":")[2]) if own else ""


def _new_type(resource: Resource) -> str:
    if resource["type"] == DYNAMIC_PROVIDER_TYPE:
        return PROVIDER_TYPE
    kind = _kind(resource)
    return TYPES.get(kind, resource["type"]) if kind else str(resource["type"])


def _new_urn(resource: Resource, group: str) -> str:
    urn, kind = str(resource["urn"]), _kind(resource)
    head, types, name = urn.rsplit("::", 2)
    chain = types.removesuffix(resource["type"]) + _new_type(resource)
    return f"{head}::{chain}::{f'{group}-{RENAMED[kind]}' if kind in RENAMED else name}"


def _converted(resource: Resource, urns: Mapping[str, str], identity: Identity) -> Resource:
    changed = {**resource, **_references(resource, urns), "type": _new_type(resource)}
    if resource["type"] == DYNAMIC_PROVIDER_TYPE:
        # They contained the stack's whole configuration.
        changed |= {"inputs": {}, "outputs": {}}
    if kind := _kind(resource):
        whose = Belonging(stack_id=identity.stack_id, resource_name=name_of(str(resource.get("parent", ""))))
        changed["inputs"], changed["outputs"] = convert(kind, resource, whose)
        secrets = resource.get("additionalSecretOutputs") or []
        changed["additionalSecretOutputs"] = [RENAMED_SECRETS.get(name, name) for name in secrets]
        if kind in BY_IDENTITY:
            changed["id"] = identity.stack_id
    return changed


def _references(resource: Resource, urns: Mapping[str, str]) -> Resource:
    """All references to resources, with their new URNs."""

    def moved(urn: str) -> str:
        return urns.get(urn, urn)

    changed: Resource = {}
    for name in ("urn", "parent", "deletedWith"):
        if resource.get(name):
            changed[name] = moved(resource[name])
    for name in ("dependencies", "replaceWith"):
        if resource.get(name):
            changed[name] = [moved(urn) for urn in resource[name]]
    if by_property := resource.get("propertyDependencies"):
        changed["propertyDependencies"] = {name: [moved(urn) for urn in found] for name, found in by_property.items()}
    if provider := resource.get("provider"):
        urn, _, provider_id = str(provider).rpartition("::")
        changed["provider"] = f"{moved(urn)}::{provider_id}"
    return changed


def _with_guards(resources: list[Resource], identity: Identity) -> Iterator[Resource]:
    """Add the identity after the provider, and a guard before the first volume of each service."""
    group = next(resource["urn"] for resource in resources if resource["type"] == RESOURCE_GROUP)
    provider = next((f"{r['urn']}::{r['id']}" for r in resources if r["type"] == PROVIDER_TYPE), "")
    own = _identity(group, provider, identity)
    volumes: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource["type"] == VOLUME_TYPE and resource.get("parent"):
            volumes.setdefault(resource["parent"], []).append(resource)
    guards = {parent: _guard(parent, found, own, provider) for parent, found in volumes.items()}
    added: set[str] = set()
    for resource in resources:
        guard = guards.get(resource.get("parent", "")) if resource["type"] == VOLUME_TYPE else None
        if guard is None:
            yield resource
        else:
            if guard["urn"] not in added:
                yield guard
            added.add(guard["urn"])
            dependencies = [*(resource.get("dependencies") or []), guard["urn"]]
            yield {**resource, "retainOnDelete": True, "dependencies": dependencies}
        if resource["type"] == PROVIDER_TYPE:
            yield own


def _identity(group: str, provider: str, identity: Identity) -> Resource:
    inputs = {"stack": identity.stack, "resource_name": name_of(group)}
    outputs = {**inputs, "stack_id": identity.stack_id, "made_by": identity.made_by}
    return {
        **_child(group, "StackIdentity", f"{name_of(group)}-identity", provider),
        "id": identity.stack_id,
        "inputs": inputs,
        "outputs": outputs,
    }


def _guard(parent: str, volumes: list[Resource], own: Resource, provider: str) -> Resource:
    names = sorted(name_of(volume["urn"]) for volume in volumes)
    held = {"stack_id": own["id"], "resource_name": name_of(parent), "volumes": names}
    container = names[0].rpartition("-")[0]
    return {
        **_child(parent, "VolumeGuard", f"{container}-volumes", provider),
        "id": name_of(parent),
        "inputs": held,
        "outputs": held,
        "dependencies": [own["urn"]],
    }


def _child(parent: str, kind: str, name: str, provider: str) -> Resource:
    head, types, _ = parent.rsplit("::", 2)
    urn = f"{head}::{types}${TYPES[kind]}::{name}"
    return {"urn": urn, "custom": True, "type": TYPES[kind], "parent": parent, "provider": provider}
