"""Starts, stops and restarts compute instances; schedules call the same functions.

Only the engine is asked: the stack's state does not contain whether an instance runs, so no update starts or stops one.
"""

from __future__ import annotations

from infra.clients import readiness_probes
from infra.clients.engine import docker_engine
from infra.errors import MlWorkspaceError
from infra.instance_service import COMPUTE_INSTANCE
from mlw.computes.instances import MISSING, RUNNING, STOPPED, Instance, find_instance
from mlw.stacks.stacks import open_stack

READY_SECONDS = 60.0


class InstanceMissingError(MlWorkspaceError):
    """The container of an instance does not exist."""


def start(stack: str, name: str) -> Instance:
    """Start an instance and wait until it is ready; one that runs is left alone.

    Raises:
        NoSuchComputeError: There is no such compute.
        NotAnInstanceError: The compute is a cluster.
        InstanceMissingError: Its container is gone.
        NotReadyError: It does not become ready.
    """
    found = _found(stack, name, "starting")
    if found.state != RUNNING:
        docker_engine.make_running(found.container, "start" if found.state == STOPPED else "restart")
    _wait(found)
    return find_instance(stack, name)


def stop(stack: str, name: str) -> Instance:
    """Stop an instance; its kernels end, its files are kept.

    Raises:
        NoSuchComputeError: As :func:`start`, like the others.
    """
    found = _found(stack, name, "stopping")
    if found.state != STOPPED:
        docker_engine.make_running(found.container, "stop")
    return find_instance(stack, name)


def restart(stack: str, name: str) -> Instance:
    """Restart an instance and wait until it is ready.

    Raises:
        NoSuchComputeError: As :func:`start`, like the others.
    """
    found = _found(stack, name, "restarting")
    docker_engine.make_running(found.container, "restart")
    _wait(found)
    return find_instance(stack, name)


def _found(stack: str, name: str, doing: str) -> Instance:
    found = find_instance(stack, name)
    if found.state == MISSING:
        raise InstanceMissingError(
            f"{doing} compute instance '{found.name}': its container '{found.container}' is gone. Run "
            f"`make up STACK={stack}`, which recreates it on its volumes."
        )
    return found


def _wait(instance: Instance) -> None:
    stack, (endpoint,) = open_stack(instance.stack), COMPUTE_INSTANCE.endpoints
    readiness_probes.wait_until_ready(
        f"compute instance '{instance.name}'",
        [readiness_probes.endpoint_probe(instance.endpoint, endpoint.probe, stack.ca_certificate)],
        container=instance.container,
        deadline_seconds=READY_SECONDS,
    )
