"""Creates a service's container from its description in the state, without an update.

Supports only what `infra.components.service_container` declares; anything else is an error, so that a recreated
container never differs silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra import labels
from infra.clients.engine.docker_engine import connect
from mlw.lifecycle.lifecycle_errors import LifecycleError

if TYPE_CHECKING:
    import docker

_MIB = 2**20
_NANO = 10**9
_DEFAULT_NETWORK = "bridge"

KNOWN = frozenset(
    {
        "capabilities",
        "command",
        "cpuPeriod",
        "cpuQuota",
        "cpus",
        "entrypoints",
        "envs",
        "image",
        "labels",
        "logDriver",
        "logOpts",
        "memory",
        "memorySwap",
        "name",
        "networkMode",
        "networksAdvanced",
        "ports",
        "readOnly",
        "restart",
        "securityOpts",
        "tmpfs",
        "ulimits",
        "user",
        "volumes",
        "workingDir",
    }
)
"""Supported inputs of the Docker provider."""

OF_THE_PROVIDER = frozenset(
    {
        "__defaults",
        "containerReadRefreshTimeoutMilliseconds",
        "destroyGraceSeconds",
        "mustRun",
        "removeVolumes",
        "start",
        "waitTimeout",
    }
)
"""Inputs that configure the provider, not the container."""


def make(inputs: Mapping[str, Any]) -> str:
    """Create and start a container; removes the stack's own container of this name first.

    Args:
        inputs: Inputs of the container in the state.

    Returns:
        Its id.

    Raises:
        LifecycleError: An input is not supported, or another owner's container has this name.
        EngineError: The engine does not respond.
    """
    if unknown := sorted(set(inputs) - KNOWN - OF_THE_PROVIDER):
        raise LifecycleError(
            f"recreating container '{inputs['name']}': its definition has {', '.join(map(repr, unknown))}, which "
            "only an update can set."
        )
    own = {one["label"]: one["value"] for one in inputs.get("labels") or []}
    with connect() as client:
        _make_room(client, inputs["name"], labels.identity_of(own))
        made = client.api.create_container(
            inputs["image"],
            list(inputs.get("command") or []),
            name=inputs["name"],
            detach=True,
            entrypoint=list(inputs.get("entrypoints") or []),
            user=inputs.get("user"),
            working_dir=inputs.get("workingDir"),
            environment=list(inputs.get("envs") or []),
            labels=own,
            ports=[(int(one["internal"]), one.get("protocol", "tcp")) for one in inputs.get("ports") or []],
            host_config=_host_config(client, inputs),
        )
        _connect(client, made["Id"], inputs)
        client.api.start(made["Id"])
        return str(made["Id"])


def _make_room(client: docker.DockerClient, name: str, stack_id: str) -> None:
    """Remove the stack's container of this name, if it exists. Named volumes stay."""
    import docker  # noqa: PLC0415 - as in infra.clients

    try:
        found = client.api.inspect_container(name)["Config"]["Labels"] or {}
        if not labels.belongs_to(found, stack_id):
            raise LifecycleError(
                f"recreating container '{name}': the engine already has a container of this name, "
                f"{labels.describe_owner(found)}. It was not changed. Rename it and run the command again."
            )
        client.api.remove_container(name, force=True, v=True)
    except docker.errors.NotFound:
        return


def _host_config(client: docker.DockerClient, inputs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the client's own
    from docker.types import LogConfig, Ulimit  # noqa: PLC0415 - as in infra.clients

    memory, swap, cpus = inputs.get("memory"), inputs.get("memorySwap"), inputs.get("cpus")
    return client.api.create_host_config(
        network_mode=inputs.get("networkMode") or _DEFAULT_NETWORK,
        binds={one["volumeName"]: {"bind": one["containerPath"], "mode": "rw"} for one in inputs.get("volumes") or []},
        port_bindings={
            f"{int(one['internal'])}/{one.get('protocol', 'tcp')}": (one["ip"], int(one["external"]))
            for one in inputs.get("ports") or []
        },
        mem_limit=int(memory) * _MIB if memory else None,
        memswap_limit=int(swap) * _MIB if swap else None,
        cpu_period=inputs.get("cpuPeriod"),
        cpu_quota=inputs.get("cpuQuota"),
        nano_cpus=round(float(cpus) * _NANO) if cpus else None,
        ulimits=[
            Ulimit(name=one["name"], soft=int(one["soft"]), hard=int(one["hard"]))
            for one in inputs.get("ulimits") or []
        ],
        tmpfs=dict(inputs.get("tmpfs") or {}),
        read_only=bool(inputs.get("readOnly")),
        cap_drop=list((inputs.get("capabilities") or {}).get("drops") or []),
        security_opt=list(inputs.get("securityOpts") or []),
        restart_policy={"Name": inputs.get("restart") or "no", "MaximumRetryCount": 0},
        log_config=LogConfig(
            type=str(inputs.get("logDriver") or "json-file"), config=dict(inputs.get("logOpts") or {})
        ),
    )


def _connect(client: docker.DockerClient, container: str, inputs: Mapping[str, Any]) -> None:
    """Connect it to its networks, as the provider does: disconnect the default one first."""
    networks = inputs.get("networksAdvanced") or []
    if not networks:
        return
    client.api.disconnect_container_from_network(container, _DEFAULT_NETWORK, force=True)
    for network in networks:
        client.api.connect_container_to_network(container, network["name"], aliases=network.get("aliases"))
