"""The deployment manifest of Azure IoT Edge 1.x for the module of a packaged model.

It is the file that `az iot edge set-modules --content` reads: what the agent runs, and what the hub routes. Clients
send HTTP requests to the module, so no messages are routed to it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from mlw.jobs.failure_reasons import PROCESSES
from mlw.model_packages.package_errors import ModelPackageError
from mlw.online_endpoints.deployment_engine import PORT

RUNTIME = "1.5"
"""Version of IoT Edge's own modules; the manifest is the same for others."""

_SCHEMA = "1.1"
_REGISTRY = "mcr.microsoft.com"
_OWN = ("edgeAgent", "edgeHub")
_NANO = 1_000_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ADDRESS = re.compile(r"(?:(?P<ip>\d{1,3}(?:\.\d{1,3}){3}):)?(?P<port>\d{1,5})")
_SIZE, _UNITS = re.compile(r"(\d{1,6})([mMgG])"), {"m": 1 << 20, "g": 1 << 30}
_LEAST_BYTES = 64 << 20
_LOCAL, _LAST_PORT = "127.0.0.1", 65535


@dataclass(frozen=True, kw_only=True, slots=True)
class EdgeModule:
    """A module.

    Attributes:
        name: Its name on the device, where other modules reach it.
        image: What the device runs.
        version: Shown by IoT Edge; changes with the model.
        ip: Address of the device that its port is published on.
        port: That port.
        cpus: Limit.
        memory_bytes: Limit.
    """

    name: str
    image: str
    version: str
    ip: str
    port: int
    cpus: float
    memory_bytes: int


def is_pulled(image: str) -> bool:
    """Whether the name of an image has a registry, which devices pull it from."""
    first, slash, _ = image.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def checked_name(name: str) -> str:
    """The name of a module.

    Raises:
        ModelPackageError: It is not allowed.
    """
    if not _NAME.fullmatch(name) or name in _OWN:
        raise ModelPackageError(
            f"packaging a model for IoT Edge: --module-name is '{name}'; allowed: letters, digits, '-', '_' and '.', "
            f"and neither {' nor '.join(_OWN)}."
        )
    return name


def address_of(given: str) -> tuple[str, int]:
    """Read `[IP:]PORT`; without an address only programs of the device itself reach it.

    Raises:
        ModelPackageError: It is something else.
    """
    found = _ADDRESS.fullmatch(given)
    if not found or not 0 < int(found["port"]) <= _LAST_PORT:
        raise ModelPackageError(
            f"packaging a model for IoT Edge: --port is '{given}'; allowed: PORT or IP:PORT, e.g. 5001 or "
            "0.0.0.0:5001 for all addresses of the device."
        )
    return found["ip"] or _LOCAL, int(found["port"])


def memory_of(given: str) -> int:
    """Read a size like `512m`.

    Raises:
        ModelPackageError: It is something else, or less than a server needs.
    """
    found = _SIZE.fullmatch(given)
    size = int(found[1]) * _UNITS[found[2].lower()] if found else 0
    if size < _LEAST_BYTES:
        raise ModelPackageError(
            f"packaging a model for IoT Edge: --memory is '{given}'; write e.g. 512m or 2g, at least "
            f"{_LEAST_BYTES >> 20}m."
        )
    return size


def manifest(module: EdgeModule) -> dict[str, Any]:
    """The deployment manifest."""
    agent = {
        "schemaVersion": _SCHEMA,
        "runtime": {
            "type": "docker",
            "settings": {"minDockerVersion": "v1.25", "loggingOptions": "", "registryCredentials": {}},
        },
        "systemModules": {
            "edgeAgent": {"type": "docker", "settings": _settings(f"{_REGISTRY}/azureiotedge-agent:{RUNTIME}", {})},
            "edgeHub": {
                "type": "docker", "status": "running", "restartPolicy": "always", "startupOrder": 0,
                "settings": _settings(f"{_REGISTRY}/azureiotedge-hub:{RUNTIME}", _published("443", "5671", "8883")),
            },
        },
        "modules": {module.name: _module(module)},
    }  # fmt: skip
    hub = {"schemaVersion": _SCHEMA, "routes": {}, "storeAndForwardConfiguration": {"timeToLiveSecs": 7200}}
    return {
        "modulesContent": {"$edgeAgent": {"properties.desired": agent}, "$edgeHub": {"properties.desired": hub}}
    }  # fmt: skip


def _module(module: EdgeModule) -> dict[str, Any]:
    return {
        "version": module.version,
        "type": "docker",
        "status": "running",
        "restartPolicy": "always",
        "imagePullPolicy": "on-create" if is_pulled(module.image) else "never",
        "startupOrder": 1,
        "settings": _settings(module.image, create_options(module)),
    }


def create_options(module: EdgeModule) -> dict[str, Any]:
    """How the device's engine creates the container: as instances of online endpoints are created."""
    bound = {f"{PORT}/tcp": [{"HostIp": module.ip, "HostPort": str(module.port)}]}
    return {
        "ExposedPorts": {f"{PORT}/tcp": {}},
        "HostConfig": {
            "CapDrop": ["ALL"],
            "Memory": module.memory_bytes,
            "NanoCpus": int(module.cpus * _NANO),
            "PidsLimit": PROCESSES,
            "PortBindings": bound,
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges:true"],
            "Tmpfs": {"/tmp": "rw,nosuid,nodev,mode=1777"},  # noqa: S108 - of this container alone
        },
    }


def _published(*ports: str) -> dict[str, Any]:
    return {"HostConfig": {"PortBindings": {f"{one}/tcp": [{"HostPort": one}] for one in ports}}}


def _settings(image: str, options: dict[str, Any]) -> dict[str, str]:
    # A string, as the twin has it.
    return {"image": image, "createOptions": json.dumps(options, sort_keys=True, separators=(",", ":"))}
