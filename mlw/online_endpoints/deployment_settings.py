"""What a deployment's file says, checked: every mistake at once, and what is ignored here.

docs/how-to/azure-ml.md has the table of all fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.rules.computes.vm_sizes import find_vm_size, has_gpu, near_vm_size
from mlw.online_endpoints import data_collection
from mlw.online_endpoints.data_collection import DataCollection
from mlw.online_endpoints.endpoint_errors import EndpointError

DEFAULT_SIZE = "Standard_DS3_v2"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")
"""Azure's rule for endpoints and deployments."""

NAME_RULE = "allowed: 3 to 32 letters, digits and '-', beginning with a letter and not ending with '-'"
MOST_INSTANCES = 50
_LONGEST_TIMEOUT_MS, _MOST_REQUESTS = 180_000, 1000

_IGNORED = {
    "app_insights_enabled": "every request is in application insights, whatever it says",
    "data_collector.request_logging": "headers of requests are not collected",
    "egress_public_network_access": "the containers are in the network of the workspace",
    "private_network_connection": "the containers are in the network of the workspace",
    "model_mount_path": "AZUREML_MODEL_DIR names the folder of the model",
    "request_settings.max_queue_wait_ms": "a request waits until its own timeout",
    "liveness_probe.success_threshold": "one successful probe is enough",
    "readiness_probe.success_threshold": "one successful probe is enough",
}
"""Fields that change nothing here, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """How a server is asked whether it is alive; Azure's defaults, in seconds."""

    period: int = 10
    initial_delay: int = 10
    timeout: int = 2
    failure_threshold: int = 30

    @property
    def patience(self) -> int:
        """How long a server may take until it is ready."""
        return self.initial_delay + self.failure_threshold * self.period


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentSettings:
    """What a file says.

    Attributes:
        timeout_seconds: How long a request may take.
        max_concurrent: Requests that an instance gets at a time.
        collection: What is collected; None for nothing.
    """

    instance_count: int = 1
    instance_type: str = DEFAULT_SIZE
    timeout_seconds: float = 5.0
    max_concurrent: int = 1
    liveness: Probe = field(default_factory=Probe)
    readiness: Probe = field(default_factory=Probe)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    collection: DataCollection | None = None


def settings_of(document: Mapping[str, Any]) -> DeploymentSettings:
    """Read a file that :func:`problems` finds nothing in."""
    requests = document.get("request_settings") or {}
    count = document.get("instance_count")
    return DeploymentSettings(
        instance_count=1 if count is None else int(count),
        instance_type=str(document.get("instance_type") or DEFAULT_SIZE),
        timeout_seconds=int(requests.get("request_timeout_ms") or 5000) / 1000,
        max_concurrent=int(requests.get("max_concurrent_requests_per_instance") or 1),
        liveness=_probe(document, "liveness_probe"),
        readiness=_probe(document, "readiness_probe"),
        variables={str(key): str(value) for key, value in (document.get("environment_variables") or {}).items()},
        collection=data_collection.of_document(document),
    )


def checked(document: Mapping[str, Any]) -> DeploymentSettings:
    """Read a file.

    Raises:
        EndpointError: Something is not allowed; the message has all of it.
    """
    if found := list(problems(document)):
        doing = f"reading deployment '{document.get('name', '')}' of endpoint '{document.get('endpoint_name', '')}'"
        listed = f" {found[0]}" if len(found) == 1 else "".join(f"\n- {one}" for one in found)
        raise EndpointError(f"{doing}:{listed}")
    return settings_of(document)


def problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is not allowed, one sentence each."""
    for key in ("name", "endpoint_name"):
        if not NAME.fullmatch(given := str(document.get(key) or "")):
            yield f"{key} is '{given}'; {NAME_RULE}."
    yield from _of_size(str(document.get("instance_type") or DEFAULT_SIZE))
    yield from _in_range(document, "instance_count", 0, MOST_INSTANCES)
    yield from _in_range(document, "request_settings.request_timeout_ms", 1, _LONGEST_TIMEOUT_MS)
    yield from _in_range(document, "request_settings.max_concurrent_requests_per_instance", 1, _MOST_REQUESTS)
    for probe in ("liveness_probe", "readiness_probe"):
        for key in ("period", "timeout", "failure_threshold"):
            yield from _in_range(document, f"{probe}.{key}", 1, 3600)
        yield from _in_range(document, f"{probe}.initial_delay", 0, 3600)
    scale = str((document.get("scale_settings") or {}).get("type") or "default").lower()
    if scale != "default":
        yield f"scale_settings.type is '{scale}'; allowed: default. Set the number of instances with instance_count."
    for name in document.get("environment_variables") or {}:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)):
            yield f"environment_variables has '{name}', which is not a name of a variable."
    yield from _of_code(document)
    yield from data_collection.problems(document)


def _of_code(document: Mapping[str, Any]) -> Iterator[str]:
    code, model = document.get("code_configuration"), document.get("model")
    if not isinstance(code, Mapping):
        if model is None:
            yield "it has neither code_configuration nor model. Add a scoring script, or a model of MLflow."
        return
    for key in ("code", "scoring_script"):
        if not code.get(key):
            yield f"code_configuration.{key} is missing."
    if "environment" not in document:
        yield "environment is missing: a scoring script needs one, e.g. `image` with `conda_file`."


def _of_size(name: str) -> Iterator[str]:
    if find_vm_size(name) is not None:
        return
    if has_gpu(name):
        yield f"instance_type is '{name}': deployments get no GPU here. Use e.g. {DEFAULT_SIZE}."
    else:
        yield (
            f"instance_type is '{name}', which is not a known size of Azure; did you mean "
            f"'{near_vm_size(name, DEFAULT_SIZE)}'?"
        )


def _in_range(document: Mapping[str, Any], path: str, least: int, most: int) -> Iterator[str]:
    given = _at(document, path)
    if given is None:
        return
    try:
        is_allowed = least <= int(given) <= most
    except (TypeError, ValueError):
        is_allowed = False
    if not is_allowed:
        yield f"{path} is {given!r}; allowed: {least} to {most}."


def _at(document: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - YAML
    value: Any = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _probe(document: Mapping[str, Any], key: str) -> Probe:
    given = {name: int(value) for name, value in (document.get(key) or {}).items() if value is not None}
    return Probe(**{name: value for name, value in given.items() if name in Probe.__slots__})


def ignored(document: Mapping[str, Any]) -> list[str]:
    """What a file sets that changes nothing here, and why."""
    return [f"`{path}` is ignored: {why}." for path, why in _IGNORED.items() if _at(document, path)]
