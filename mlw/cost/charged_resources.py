"""Which Azure resource a container or a volume is charged to, with its type and tags.

Computes and online endpoints are charged as resources of their own, below the workspace, and have the workspace's tags
in addition to their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.instance_service import COMPUTE_INSTANCE
from infra.rules.names.engine_names import physical_name

COMPUTES, ENDPOINTS = "computes", "onlineEndpoints"
_PARTS_OF_WORKSPACE = {
    COMPUTES: "Microsoft.MachineLearningServices/workspaces/computes",
    ENDPOINTS: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
}


def resource_of(held: Mapping[str, Any], ledger: Mapping[str, Any]) -> str:
    """Id of the resource; of a compute instance the compute, whose objects have the label of their workspace."""
    resource_id, workspace_id = str(held["resourceId"]), str(ledger["workspaceId"])
    if not workspace_id or resource_id != workspace_id:
        return resource_id
    beginning = f"{physical_name(workspace_id.rpartition('/')[2])}-{COMPUTE_INSTANCE.engine_role}-"
    for compute in ledger["resources"]:
        if compute.startswith(f"{workspace_id}/{COMPUTES}/"):
            container = f"{beginning}{compute.rpartition('/')[2].lower()}"
            if held["name"] in {container, *(f"{container}-{volume}" for volume in COMPUTE_INSTANCE.volumes)}:
                return str(compute)
    return resource_id


def type_and_tags(resource_id: str, ledger: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Azure's type of a resource, and its tags; a part of the workspace has those of the workspace, too."""
    known, workspace_id = ledger["resources"].get(resource_id, {}), str(ledger["workspaceId"])
    arm_type, tags = str(known.get("type", "")), dict(known.get("tags") or {})
    if workspace_id and resource_id.startswith(f"{workspace_id}/"):
        part = resource_id.removeprefix(f"{workspace_id}/").partition("/")[0]
        arm_type = arm_type or _PARTS_OF_WORKSPACE.get(part, "")
        tags = {**ledger["resources"].get(workspace_id, {}).get("tags", {}), **tags}
    return arm_type, tags


def compute_of(resource_id: str) -> str:
    """Name of a compute; empty for other resources."""
    return resource_id.partition(f"/{COMPUTES}/")[2].partition("/")[0]
