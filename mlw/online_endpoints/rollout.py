"""Brings containers of a deployment into being, and takes them away, without a request that fails.

New containers are ready before the front knows them; old ones serve what they have begun before they are removed.
A revision that does not become ready is removed: what was there stays as it is.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.errors import EngineError
from mlw.computes.machine import MIB_PER_GIB
from mlw.jobs.ports import SourceFile
from mlw.jobs.snapshot_files import code_files
from mlw.online_endpoints import collector_access, deployed_models, identity_access, serving_files
from mlw.online_endpoints.deployment_instances import Instance, Limits
from mlw.online_endpoints.deployment_settings import DeploymentSettings, settings_of
from mlw.online_endpoints.endpoint_errors import DeploymentFailedError
from mlw.online_endpoints.endpoint_records import Deployment
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

LOG_LINES = 30
_OTHER_CPU = "exec format error"
_KILLED = 137
_GRACE_SECONDS, _ENDING_SECONDS = 2.0, 10.0


def bring_up(workspace: EndpointWorkspace, deployment: Deployment, *, first: int = 0) -> None:
    """Make the containers of a revision, and wait until all of them are ready; with a volume unless some exist.

    Args:
        workspace: The workspace.
        deployment: What is wanted.
        first: Number of the first container to make.

    Raises:
        DeploymentFailedError: One does not become ready; nothing of it is left.
    """
    deployment = workspace.located(deployment)
    settings, numbers = settings_of(deployment.document), range(first, deployment.instance_count)
    limits = workspace.limits_of(settings.instance_type)
    workspace.pull(deployment.image)
    try:
        if first == 0:
            _fill(workspace, deployment, settings)
        if numbers:
            workspace.say(f"starting {_counted(len(numbers))} of {deployment.title}")
            begun = time.monotonic()
            with ThreadPoolExecutor(len(numbers)) as pool:
                list(pool.map(lambda number: _ready(workspace, deployment, number, settings, limits), numbers))
            workspace.say(f"ready after {time.monotonic() - begun:.1f} s")
    except BaseException:
        for number in numbers:
            workspace.engine.remove(workspace.engine.instance_of(deployment, number))
        if first == 0:
            _remove_volume(workspace, workspace.engine.volume_of(deployment))
        raise


def _fill(workspace: EndpointWorkspace, deployment: Deployment, settings: DeploymentSettings) -> None:
    collection, user = settings.collection, ""
    granted: Callable[[], Mapping[str, Any]] | None = None
    if collection:
        collector_access.require_possible(workspace, deployment)
        user = collector_access.access_key(workspace, deployment)
        # Called when the volume exists, whose label names the user.
        granted = functools.partial(collector_access.grant, workspace, deployment, collection)

    doing = f"giving {deployment.title} the credentials of its identity"
    identity = identity_access.read(workspace, deployment.identity, doing).granted(deployment)

    def fill(code: Iterable[SourceFile], model: Iterable[SourceFile]) -> None:
        found = serving_files.files(deployment, settings, code, model, granted, identity=identity)
        workspace.engine.fill(deployment, found, user)

    with code_files(workspace.connection, workspace.blob_container, deployment.code) as code:
        if deployment.model is None:
            fill(code, ())
            return
        with deployed_models.files(deployment.model, workspace.connection, workspace.tracking) as model:
            fill(code, model)


def _remove_volume(workspace: EndpointWorkspace, name: str) -> None:
    workspace.engine.remove_volume(name, functools.partial(collector_access.revoke, workspace))


def _ready(
    workspace: EndpointWorkspace, deployment: Deployment, number: int, settings: DeploymentSettings, limits: Limits
) -> None:
    engine, name = workspace.engine, workspace.engine.instance_of(deployment, number)
    begun = time.monotonic()
    try:
        engine.create(deployment, number, limits)
    except EngineError as exc:
        if _OTHER_CPU in str(exc):
            raise _of_other_cpu(deployment) from exc
        raise
    if engine.wait(name, "ready", settings.readiness.patience):
        engine.keep_running(name)
        return
    if time.monotonic() - begun < settings.readiness.patience:
        engine.wait_for_end(name, _ENDING_SECONDS)  # its server has ended: soon it has, too
    raise _failure(workspace, deployment, name, settings, limits)


def _failure(
    workspace: EndpointWorkspace, deployment: Deployment, name: str, settings: DeploymentSettings, limits: Limits
) -> DeploymentFailedError:
    """Why a container did not become ready."""
    state, log = workspace.engine.state(name), workspace.engine.log(name, LOG_LINES)
    if _OTHER_CPU in log:
        return _of_other_cpu(deployment)
    if state is None:
        reason = "its container was removed by somebody else"
    elif state.is_out_of_memory or state.exit_code == _KILLED:
        reason = (
            f"its memory, {limits.memory_mib / MIB_PER_GIB:.1f} GiB, was exhausted. Choose a larger `instance_type` "
            f"than {settings.instance_type}"
        )
    elif state.status == "running":
        reason = (
            f"it did not respond within {settings.readiness.patience} s (`readiness_probe`: initial_delay + "
            "failure_threshold * period)"
        )
    else:
        reason = f"its server ended with exit code {state.exit_code}"
    lines = "".join(f"\n  | {line}" for line in log.rstrip().splitlines())
    return DeploymentFailedError(
        f"starting {deployment.title}: it did not become ready: {reason}. What served before still does; nothing of "
        f"this attempt is left. The last lines of its log:{lines or ' none.'}"
    )


def _of_other_cpu(deployment: Deployment) -> DeploymentFailedError:
    return DeploymentFailedError(
        f"starting {deployment.title}: the image '{deployment.image}' is for another type of CPU than this machine "
        "has. Build it for this one, or use an environment with `image` and `conda_file`."
    )


def take_down(workspace: EndpointWorkspace, instances: Iterable[Instance], *, timeout_seconds: float) -> None:
    """Remove containers that the front does not know any more, after what they have begun.

    Args:
        workspace: The workspace.
        instances: The containers.
        timeout_seconds: How long a request may take.
    """
    engine, wanted = workspace.engine, list(instances)

    def remove(one: Instance) -> None:
        if one.is_running:
            engine.wait(one.name, "drained", timeout_seconds + _GRACE_SECONDS)
        engine.remove(one.name, grace_seconds=_GRACE_SECONDS if one.is_running else 0)

    if wanted:
        with ThreadPoolExecutor(len(wanted)) as pool:
            list(pool.map(remove, wanted))


def remove_volumes(workspace: EndpointWorkspace, endpoint: str, *, kept: Iterable[tuple[str, str]]) -> None:
    """Remove the volumes of an endpoint, except those of deployments and revisions."""
    keep = set(kept)
    for name, (_, deployment, revision) in workspace.engine.volumes(endpoint).items():
        if (deployment, revision) not in keep:
            _remove_volume(workspace, name)


def _counted(number: int) -> str:
    return f"{number} instance{'' if number == 1 else 's'}"
