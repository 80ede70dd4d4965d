"""What a stack's state contains in Azure's terms, and what differs between two states.

A snapshot holds the stack's resources with their properties (secrets left out), its role assignments, locks and
datastores, which credentials were generated when, and its containers with their limits. The last one that the log
contains is kept in a file, so that a change is found whoever made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from infra import labels
from infra.clients.state import stack_states
from infra.clients.state.state_secrets import is_secret
from infra.rules.resources.component_types import COMPONENT_TYPES, RESOURCE_GROUP, WORKSPACE
from mlw.activity.events import Operation
from mlw.lifecycle.checkpoints import DOCKER_KINDS, Checkpoint

SECRET = "[secret]"  # noqa: S105 - stands for a value that is not shown

_GROUP_OPERATIONS = "Microsoft.Resources/subscriptions/resourceGroups"
_ROLES, _LOCKS = "Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/locks"
_DATASTORES = "Microsoft.MachineLearningServices/workspaces/datastores"
_COMPUTES = "Microsoft.MachineLearningServices/workspaces/computes"

_KEY_OPERATIONS: Mapping[str, tuple[str, str]] = {
    "storage": ("Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/regenerateKey/action"),
    "registry": (
        "Microsoft.ContainerRegistry/registries",
        "Microsoft.ContainerRegistry/registries/regenerateCredential/action",
    ),
    "keyVault": ("Microsoft.KeyVault/vaults", "Microsoft.KeyVault/vaults/regenerateToken/action"),
    "telemetry": ("Microsoft.Insights/components", "Microsoft.Insights/components/regenerateToken/action"),
    "insights": ("Microsoft.Insights/components", "Microsoft.Insights/components/regenerateToken/action"),
}
"""For each service: the type of its resource, and the operation that replaces its credentials."""

_OTHER_KEYS = "Microsoft.MachineLearningServices/workspaces/regenerateKeys/action"


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A stack as its state describes it.

    Attributes:
        identity: The stack's identity; empty before its first update.
        resources: Resource id to `type`, `properties` and, for those that have a place in the state, `created`.
        rotations: What credentials belong to, to the id of their last rotation.
        containers: Id on the engine to what is charged for.
        volumes: Name to the id of its resource.
    """

    identity: str = ""
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    rotations: dict[str, str] = field(default_factory=dict)
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    volumes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def group_id(self) -> str:
        """Id of the resource group; empty if there is none."""
        return self._first(_GROUP_OPERATIONS)

    @property
    def workspace_id(self) -> str:
        """Id of the workspace; empty if there is none."""
        return self._first(COMPONENT_TYPES[WORKSPACE].arm_type)

    def created(self, resource_id: str) -> str:
        """When a resource was created; of one that is part of others here, when the resource group was."""
        held = self.resources.get(resource_id) or {}
        return str(held.get("created") or self.resources.get(self.group_id, {}).get("created") or "")

    def _first(self, arm_type: str) -> str:
        return next((key for key, held in self.resources.items() if held["type"] == arm_type), "")

    def as_json(self) -> dict[str, Any]:
        """In the form in which it is kept."""
        return asdict(self)

    @classmethod
    def of_json(cls, document: Mapping[str, Any]) -> Snapshot:
        """Read what :meth:`as_json` returned; unknown keys are ignored."""
        return cls(**{name: document[name] for name in cls.__slots__ if name in document})


def take(checkpoint: Checkpoint | None) -> Snapshot:
    """Make the snapshot of a state; an empty one if there is none."""
    if checkpoint is None:
        return Snapshot()
    held = checkpoint.resources
    resources = dict(_components(held))
    workspace = next((key for key, one in resources.items() if one["type"].endswith("/workspaces")), "")
    resources |= _locks(held)
    resources |= _from_outputs(checkpoint.outputs, workspace)
    objects = checkpoint.own_objects
    return Snapshot(
        identity=stack_states.identity_of(held),
        resources=resources,
        rotations=dict(_rotations(held)),
        containers={r["id"]: _container(r) for r in objects if DOCKER_KINDS[r["type"]] == "container"},
        volumes={_name(r): _volume(r) for r in objects if DOCKER_KINDS[r["type"]] == "volume"},
    )


def differences(before: Snapshot, after: Snapshot) -> Iterator[Operation]:
    """What has to have happened between two snapshots, resource by resource."""
    for resource_id, one in after.resources.items():
        known = before.resources.get(resource_id)
        changes = _changes(known["properties"] if known else {}, one["properties"])
        if known is None or changes:
            yield Operation(
                name=f"{one['type']}/write",
                resource_id=resource_id,
                properties={"action": "update" if known else "create", "changes": changes},
            )
    for resource_id, one in before.resources.items():
        if resource_id not in after.resources:
            yield Operation(
                name=f"{one['type']}/delete",
                resource_id=resource_id,
                properties={"action": "delete", "changes": _changes(one["properties"], {})},
            )
    for subject, rotation in after.rotations.items():
        if rotation and rotation != before.rotations.get(subject, "") and subject in before.rotations:
            yield _regeneration(subject, after)


def _components(resources: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in resources:
        component, inputs = COMPONENT_TYPES.get(resource["type"]), resource.get("inputs") or {}
        if component and inputs.get("resourceId") and not resource.get("delete"):
            arm_type = _GROUP_OPERATIONS if resource["type"] == RESOURCE_GROUP else component.arm_type
            shown = {key: value for key, value in inputs.items() if key != "resourceId"}
            created = str(resource.get("created") or "")
            yield str(inputs["resourceId"]), {"type": arm_type, "properties": _public(shown), "created": created}


def _locks(resources: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    for lock in stack_states.locks_of(resources):
        resource_id = f"{lock.get('scope', '')}/providers/{_LOCKS}/{lock.get('name', '')}"
        shown = {key: lock[key] for key in ("name", "level", "notes") if key in lock}
        found[resource_id] = {"type": _LOCKS, "properties": _public(shown)}
    return found


def _from_outputs(outputs: Mapping[str, Any], workspace_id: str) -> dict[str, dict[str, Any]]:
    """Role assignments, datastores and computes, which are part of other resources here."""
    found = {}
    if not workspace_id:
        return {}
    for held in _list(outputs, "roleAssignments"):
        name = f"{held.get('principal')}-{str(held.get('role')).replace(' ', '')}"
        found[f"{workspace_id}/providers/{_ROLES}/{name}"] = {"type": _ROLES, "properties": _public(held)}
    for held in _list(outputs, "datastores"):
        found[f"{workspace_id}/datastores/{held.get('name')}"] = {"type": _DATASTORES, "properties": _public(held)}
    for held in _list(outputs, "computes"):
        found[f"{workspace_id}/computes/{held.get('name')}"] = {"type": _COMPUTES, "properties": _public(held)}
    return found


def _list(outputs: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    held = outputs.get(name)
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _rotations(resources: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for resource in resources:
        inputs = resource.get("inputs") or {}
        if subject := inputs.get("rotates"):
            yield f"{subject}#{resource['urn'].rpartition('::')[2]}", str(inputs.get("rotation") or "")


def _regeneration(subject: str, after: Snapshot) -> Operation:
    kind, _, name = subject.partition("#")[0].partition("/")
    arm_type, operation = _KEY_OPERATIONS.get(name, ("", "")) if kind == "service" else ("", "")
    resource_id = next((key for key, held in after.resources.items() if arm_type and held["type"] == arm_type), "")
    if not resource_id:
        resource_id, operation = after.workspace_id or after.group_id, _OTHER_KEYS
    return Operation(name=operation, resource_id=resource_id, properties={kind: name})


def _container(resource: Mapping[str, Any]) -> dict[str, Any]:
    inputs = resource.get("inputs") or {}
    return {
        "name": _name(resource),
        "resourceId": _label(resource, labels.RESOURCE_ID),
        "memoryMiB": inputs.get("memory"),
        "cpus": float(inputs["cpus"]) if inputs.get("cpus") else None,
        "created": resource.get("created") or "",
    }


def _volume(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {"resourceId": _label(resource, labels.RESOURCE_ID), "created": resource.get("created") or ""}


def _name(resource: Mapping[str, Any]) -> str:
    return str((resource.get("outputs") or {}).get("name") or (resource.get("inputs") or {}).get("name") or "")


def _label(resource: Mapping[str, Any], key: str) -> str:
    given = (resource.get("inputs") or {}).get("labels")
    entries = given if isinstance(given, list) else []
    return next((str(one.get("value")) for one in entries if isinstance(one, dict) and one.get("label") == key), "")


def _public(value: Any) -> Any:  # noqa: ANN401 - JSON
    """A value without secrets and without Pulumi's own keys."""
    if isinstance(value, dict):
        if is_secret(value):
            return SECRET
        return {key: _public(entry) for key, entry in value.items() if not key.startswith("__")}
    return [_public(entry) for entry in value] if isinstance(value, list) else value


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Properties with different values: `old` and `new`; a missing one has neither."""
    found = {}
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            old = {"old": before[key]} if key in before else {}
            found[key] = old | ({"new": after[key]} if key in after else {})
    return found
