"""Local endpoints and deployments as commands print them: what has a local form has Azure's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.endpoint_documents import FAILED, SUCCEEDED
from mlw.online_endpoints.local_records import LocalEndpoint
from mlw.output import table

_KIND = "Local"


def endpoint_json(endpoint: LocalEndpoint, addresses: Mapping[str, str]) -> dict[str, Any]:
    """One endpoint.

    Args:
        endpoint: The endpoint.
        addresses: Where its deployments are used; only of those that run.
    """
    return {
        "name": endpoint.name,
        "kind": _KIND,
        "provisioning_state": SUCCEEDED,
        "description": endpoint.description,
        "tags": dict(endpoint.tags),
        "properties": dict(endpoint.properties),
        "scoring_uris": dict(sorted(addresses.items())),
    }


def endpoint_table(found: Sequence[Mapping[str, Any]]) -> str:
    """Endpoints as a table."""
    rows = [(one["name"], ", ".join(f"{name}: {uri}" for name, uri in one["scoring_uris"].items())) for one in found]
    return table(("NAME", "DEPLOYMENTS"), rows, whole=(0, 1))


def deployment_json(
    name: str, endpoint: str, document: Mapping[str, Any], instance: Instance | None, address: str
) -> dict[str, Any]:
    """One deployment: its file, and the container that it became.

    Args:
        name: Its name.
        endpoint: Name of its endpoint.
        document: The file, normalised; empty if it is not known.
        instance: Its container; None if somebody removed it.
        address: Where it is used; empty if its container does not run.
    """
    return {
        "name": name,
        "endpoint_name": endpoint,
        "kind": _KIND,
        "provisioning_state": SUCCEEDED if address else FAILED,
        "scoring_uri": address,
        "description": str(document.get("description") or ""),
        "tags": dict(document.get("tags") or {}),
        "properties": dict(document.get("properties") or {}),
        "model": document.get("model"),
        "code_configuration": document.get("code_configuration"),
        "environment": document.get("environment"),
        "environment_variables": dict(document.get("environment_variables") or {}),
        "container": instance.name if instance else None,
        "revision": instance.revision if instance else None,
    }


def deployment_table(found: Sequence[Mapping[str, Any]]) -> str:
    """Deployments as a table."""
    rows = [(one["name"], one["provisioning_state"], one["scoring_uri"]) for one in found]
    return table(("NAME", "STATE", "SCORING URI"), rows, whole=(0, 2))
