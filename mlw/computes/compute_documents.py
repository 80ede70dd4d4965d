"""Computes in the words of `az ml compute` and its YAML, and in those of the stack file, which are ARM's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.host.near_names import suggestion
from infra.rules.computes.attached_rules import ATTACHED
from infra.rules.computes.compute_rules import ComputeType, Priority
from infra.rules.computes.durations import duration_of
from infra.rules.computes.instance_rules import INSTANCE
from infra.rules.computes.start_stop_schedules import KEY, to_arm, to_yaml
from mlw.computes import attached_documents
from mlw.computes.attached_computes import EngineState
from mlw.computes.compute_errors import ComputeDocumentError
from mlw.computes.instances import Instance
from mlw.computes.workspace_computes import Compute

_TYPES = {known.lower(): str(known) for known in ComputeType}
_TIERS = {"dedicated": Priority.DEDICATED, "low_priority": Priority.LOW, "lowpriority": Priority.LOW}
_IGNORED: Mapping[str, str] = {
    "location": "everything runs on this machine",
    "identity": "every compute has an identity of its own, which only its jobs have",
    "ssh_settings": "nobody can log in to the containers of jobs",
    "ssh_public_access_enabled": "nobody can log in to the containers of jobs",
    "network_settings": "jobs are in the network of the stack",
    "enable_node_public_ip": "jobs are in the network of the stack, without an address outside",
    KEY: "only an instance is started and stopped",
    "setup_scripts": "the image of an instance is the same for all; packages are installed in the home folder",
}


def _type(value: object) -> object:
    return _TYPES.get(str(value).lower(), value)


def _tier(value: object) -> object:
    return str(_TIERS.get(str(value).lower(), value))


def _idle(value: object) -> object:
    is_seconds = isinstance(value, int | str) and str(value).isascii() and str(value).isdecimal()
    return duration_of(int(str(value))) if is_seconds else value


def _tags(value: object) -> object:
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, Mapping) else value


def _minutes(value: object) -> object:
    is_number = isinstance(value, int | str) and str(value).isascii() and str(value).isdecimal()
    return f"PT{value}M" if is_number else value


def _user(value: object) -> object:
    """The principal of `create_on_behalf_of`, which in Azure is an object in a tenant."""
    return value.get("user_object_id") if isinstance(value, Mapping) else value


def _same(value: object) -> object:
    return value


_FIELDS: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "name": ("name", _same),
    "type": ("type", _type),
    "size": ("vmSize", _same),
    "tier": ("vmPriority", _tier),
    "min_instances": ("minNodeCount", _same),
    "max_instances": ("maxNodeCount", _same),
    "idle_time_before_scale_down": ("nodeIdleTimeBeforeScaleDown", _idle),
    "create_on_behalf_of": ("assignedUser", _user),
    "user_object_id": ("assignedUser", _same),
    "idle_time_before_shutdown": ("idleTimeBeforeShutdown", _same),
    "idle_time_before_shutdown_minutes": ("idleTimeBeforeShutdown", _minutes),
    "resource_id": ("address", _same),
    "ssh_private_key_file": ("sshPrivateKeyFile", _same),
    KEY: (KEY, to_arm),
    "description": ("description", _same),
    "tags": ("tags", _tags),
}


def to_entry(document: Mapping[str, object]) -> dict[str, Any]:
    """The entry of the stack file for a document in Azure's YAML.

    Raises:
        ComputeDocumentError: It has an unknown key.
    """
    kind = _type(document.get("type", ComputeType.AML_COMPUTE))
    if kind not in set(ComputeType):
        # The rules say why; the keys of another type would only add to it.
        return {"name": document.get("name"), "type": kind}
    document = attached_documents.flattened(document) if kind == ATTACHED else document
    entry = {}
    for key, value in document.items():
        if key in _ignored(kind) or key == "$schema" or value is None:
            continue
        if key not in _FIELDS:
            known = sorted({*_FIELDS, *_IGNORED})
            raise ComputeDocumentError(
                f"reading a compute: unknown key '{key}'.{suggestion(key, known)} Keys: {', '.join(known)}."
            )
        name, convert = _FIELDS[key]
        entry[name] = convert(value)
    return {name: entry[name] for name in dict.fromkeys(name for name, _ in _FIELDS.values()) if name in entry}


def notices(document: Mapping[str, object]) -> list[str]:
    """One sentence for each key of a document that has no effect here."""
    kind = _type(document.get("type", ComputeType.AML_COMPUTE))
    of_login = attached_documents.notices(document) if kind == ATTACHED else []
    found = [f"'{key}' has no effect: {why}." for key, why in _ignored(kind).items() if document.get(key) is not None]
    return [*of_login, *found]


def _ignored(kind: object) -> Mapping[str, str]:
    used = {INSTANCE: KEY, ATTACHED: "ssh_settings"}.get(str(kind))
    of_type = {"location": "its address says where it is"} if kind == ATTACHED else {}
    return {key: of_type.get(key, why) for key, why in _IGNORED.items() if key != used}


def to_instance_document(instance: Instance) -> dict[str, Any]:
    """What `az ml compute show` prints of an instance, and its limits on this machine."""
    entry = instance.entry
    return {
        "id": entry["id"],
        "name": instance.name,
        "type": INSTANCE.lower(),
        "size": str(entry["vmSize"]).upper(),
        "state": instance.state,
        "idle_time_before_shutdown": entry["idleTimeBeforeShutdown"],
        **({KEY: to_yaml(entry[KEY])} if entry.get(KEY) else {}),
        "create_on_behalf_of": {"user_object_id": instance.user},
        "services": [{"display_name": "JupyterLab", "endpoint_uri": instance.endpoint}],
        "description": entry["description"],
        "tags": entry["tags"],
        "cpus": instance.cpus,
        "memory_mib": instance.memory_mib,
        "principal": instance.user,
        "provisioning_state": "Succeeded",
    }


def to_attached_document(compute: Compute, entry: Mapping[str, Any], state: EngineState | None) -> dict[str, Any]:
    """What `az ml compute show` prints of an attached compute, and what its engine says.

    Args:
        compute: The compute.
        entry: Its entry in the stack's output `computes`.
        state: Its engine; None if it was not asked.
    """
    machine = state.machine if state else None
    told: dict[str, Any] = {} if state is None else {"state": "Running" if machine else "Unreachable"}
    if machine:
        told |= {"cpus": machine.cpus, "memory_mib": machine.memory_mib}
    if state and state.version:
        told |= {"engine_version": state.version}
    if state and state.error:
        told |= {"error": state.error}
    return {
        "id": entry["id"],
        "name": compute.name,
        "type": compute.type.lower(),
        "resource_id": compute.address,
        **({"ssh_settings": {"ssh_private_key_file": compute.key_file}} if compute.key_file else {}),
        "max_instances": compute.max_nodes,
        "description": entry["description"],
        "tags": entry["tags"],
        **told,
        "principal": compute.principal,
        "provisioning_state": "Succeeded",
    }


def to_document(compute: Compute, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What `az ml compute show` prints, and the limits of a job on this machine.

    Args:
        compute: The compute.
        entry: Its entry in the stack's output `computes`.
    """
    limits = {"cpus": compute.cpus, "memory_mib": compute.memory_mib, "principal": compute.principal}
    document: dict[str, Any] = {"id": entry["id"], "name": compute.name, "type": compute.type.lower()}
    if compute.vm_size:
        document |= {
            "size": compute.vm_size,
            "tier": "low_priority" if compute.priority == Priority.LOW else "dedicated",
            "min_instances": compute.min_nodes,
            "max_instances": compute.max_nodes,
            "idle_time_before_scale_down": compute.idle_seconds,
            "description": entry["description"],
            "tags": entry["tags"],
        }
    return {**document, **limits, "provisioning_state": "Succeeded"}
