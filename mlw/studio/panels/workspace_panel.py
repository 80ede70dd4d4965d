"""The overview of one workspace: its record, resources, endpoints, tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.clients.service_errors import at_storage_account
from infra.clients.storage.object_store import ObjectStore
from infra.errors import ServiceError
from infra.rules.datastores.default_datastores import ARTIFACT_STORE, RECORD_KEY
from infra.rules.resources.resource_ids import parse_resource_id
from infra.rules.stack.expiry import format_moment
from infra.services import REQUIRED
from mlw.studio.panel import Group, Panel, PanelRequest


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Read the record: from the stack's outputs, or as a principal from the storage account, which decides."""
    stack, principal = request.access.stack, request.access.principal
    outputs = stack.outputs
    record = _stored_record(request) if principal else outputs["workspace"]
    return {
        "record": record,
        "resources": [
            {"title": title, "name": parse_resource_id(record[section]).name, "id": record[section]}
            for section, title in _titles().items()
        ],
        "endpoints": sorted(outputs["endpoints"].items()),
        "datastores": [] if principal else outputs["datastores"],
        "group": {} if principal else outputs.get("resourceGroup", {}),
        "expires": format_moment(stack.expiry.moment) if stack.expiry else "",
    }


def _stored_record(request: PanelRequest) -> dict[str, Any]:
    doing = "reading the workspace record"
    connection = request.access.connection("storageAccount", doing)
    stores = {store["name"]: store["container"] for store in request.access.stack.outputs["datastores"]}
    with at_storage_account(connection.endpoint, doing):
        found = ObjectStore(connection).get_document(stores[ARTIFACT_STORE], RECORD_KEY)
    if found is None:
        raise ServiceError(f"{doing}: the artifact store has none. `make up` writes it.")
    return dict(json.loads(found))


def _titles() -> dict[str, str]:
    """Section of each resource to its name for people; a resource may have several services."""
    titles: dict[str, str] = {}
    for service in REQUIRED:
        titles.setdefault(service.section, service.title)
    return titles


PANEL = Panel(
    key="overview",
    title="Overview",
    about="The workspace record, the resources that it names, and where they are.",
    group=Group.WORKSPACE,
    icon="home",
    template="workspace.html",
    load=load,
)
