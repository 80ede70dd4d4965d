"""Finds containers that an update has replaced and that are not ready, with their previous definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.clients import readiness_probes
from infra.clients.readiness_probes import Probe
from infra.services import KEY_VAULT, HttpProbe
from mlw.lifecycle.checkpoints import Checkpoint

CONTAINER_TYPE = "docker:index/container:Container"
FILES, GATE, VAULT = ":VolumeFiles", ":ReadyGate", ":VaultInitialization"

_UNSEALED = frozenset({200})

Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replaced:
    """A container that an update has replaced.

    Attributes:
        container: The previous container, as in the state.
        files: The files that it read, as in the state; None if it reads none.
        probes: Readiness probes of its service.
    """

    container: Resource
    files: Resource | None
    probes: tuple[Probe, ...]

    @property
    def name(self) -> str:
        """Name of the container."""
        return str(self.container["inputs"]["name"])


def replaced(before: Checkpoint, after: Checkpoint) -> list[Replaced]:
    """Previous containers that an update has removed or replaced.

    Containers that were removed on purpose, with their component, are not included.

    Args:
        before: The state before the update.
        after: The state after the update.
    """
    now = {resource["urn"]: resource for resource in after.resources if not resource.get("delete")}
    return [
        _replaced(resource, before)
        for resource in before.resources
        if resource["type"] == CONTAINER_TYPE and resource.get("id") and _is_replaced(resource, now)
    ]


def _is_replaced(container: Resource, now: Mapping[str, Resource]) -> bool:
    present = now.get(container["urn"])
    if present is None:
        return container["parent"] in now
    return present.get("id") != container["id"] or bool(present.get("pendingReplacement"))


def _replaced(container: Resource, before: Checkpoint) -> Replaced:
    name, volumes = container["inputs"]["name"], container["inputs"].get("volumes") or []
    mounted = {volume["volumeName"] for volume in volumes}
    beside = [one for one in before.resources if one.get("parent") == container["parent"]]
    files = (one for one in beside if one["type"].endswith(FILES) and one["inputs"]["volume"] in mounted)
    return Replaced(
        container=container,
        files=next(files, None),
        probes=tuple(_probes([one for one in beside if (one.get("inputs") or {}).get("container") == name])),
    )


def _probes(resources: list[Resource]) -> Iterator[Probe]:
    for resource in resources:
        inputs = resource.get("inputs") or {}
        ca_certificate = str(inputs.get("ca_certificate") or "")
        if resource["type"].endswith(GATE):
            for use, url in inputs["urls"].items():
                yield readiness_probes.endpoint_probe(url, _http(inputs["probes"].get(use)), ca_certificate)
        elif resource["type"].endswith(VAULT):
            url = f"{inputs['address']}{KEY_VAULT.readiness.path}"
            yield readiness_probes.http_probe(url, expected=_UNSEALED, ca_certificate=ca_certificate)


def _http(inputs: Mapping[str, Any] | None) -> HttpProbe | None:
    return HttpProbe(path=inputs["path"], expected=frozenset(map(int, inputs["expected"]))) if inputs else None
