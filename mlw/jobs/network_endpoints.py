"""Endpoints of a stack as its own containers reach them: by name, inside the network."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from infra.clients.engine import engine_queries


def inside_network(endpoints: Mapping[str, str], network: str) -> dict[str, str]:
    """Translate the published addresses; those of services that are not in the network are left out.

    Args:
        endpoints: As in the stack's output of that name.
        network: Name of the stack's network.
    """
    with engine_queries.connect() as query:
        containers = query("/containers/json") or []
    inside = {
        int(port["PublicPort"]): (found["Names"][0].lstrip("/"), int(port["PrivatePort"]))
        for found in containers
        if network in (found.get("NetworkSettings") or {}).get("Networks", {})
        for port in found.get("Ports") or ()
        if port.get("PublicPort")
    }
    translated = {}
    for use, address in endpoints.items():
        url = urlsplit(address if "://" in address else f"//{address}")
        if url.port in inside:
            name, port = inside[url.port]
            translated[use] = f"{url.scheme}://{name}:{port}" if url.scheme else f"{name}:{port}"
    return translated
