"""Tells the front what the records say, and has containers match them: also after a process was killed in between."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

from infra.errors import MlWorkspaceError
from mlw.online_endpoints import endpoint_keys, endpoint_locks, identity_access, rollout
from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.deployment_settings import settings_of
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_inventory import Inventory
from mlw.online_endpoints.endpoint_records import Deployment, Endpoint
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

_LONGEST_SECONDS = 180.0


def publish(workspace: EndpointWorkspace) -> None:
    """Have the front serve what the records say; it is in force when this returns."""
    from mlw.inference import PublishedEndpoint  # noqa: PLC0415 - only where something changes
    from mlw.inference import publish as publish_all  # noqa: PLC0415 - likewise

    def published(endpoint: Endpoint, deployments: Iterable[Deployment]) -> PublishedEndpoint:
        found = [_published(workspace, endpoint, one) for one in deployments]
        return PublishedEndpoint(name=endpoint.name, key_hashes=list(endpoint.key_hashes), deployments=found)

    # Whoever publishes last has read the records last.
    publish_all(workspace.stack, lambda: [published(*one) for one in workspace.records.everything()])


def _published(workspace: EndpointWorkspace, endpoint: Endpoint, deployment: Deployment):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from mlw.inference import PublishedDeployment  # noqa: PLC0415 - as above

    settings = settings_of(deployment.document)
    return PublishedDeployment(
        name=deployment.name,
        upstreams=workspace.engine.upstreams_of(deployment),
        weight=int(endpoint.traffic.get(deployment.name, 0)),
        mirror=int(endpoint.mirror_traffic.get(deployment.name, 0)),
        timeout_seconds=settings.timeout_seconds,
        max_concurrent=settings.max_concurrent,
    )


@contextlib.contextmanager
def taking_back(take_back: Callable[[], None], left: str) -> Iterator[None]:
    """Take back what a change has done if it fails, and say so.

    Args:
        take_back: Does it. If that fails too, the next command repairs the endpoint.
        left: A sentence that is added to the error.

    Raises:
        EndpointError: It has failed, and is taken back.
    """
    try:
        yield
    except BaseException as exc:
        try:
            take_back()
        except MlWorkspaceError:
            raise exc from None
        if isinstance(exc, MlWorkspaceError):
            raise EndpointError(f"{exc} {left}") from exc
        raise


def settle(workspace: EndpointWorkspace, endpoint: str) -> None:
    """Have containers, volumes and routes of an endpoint match its records; the caller holds its lock.

    What is missing is made, what is not wanted is removed after the front does not know it any more.

    Raises:
        DeploymentFailedError: Containers that are missing do not become ready.
    """
    wanted = workspace.records.deployments(endpoint)
    if endpoint not in workspace.records.names():
        endpoint_keys.delete(workspace, endpoint)
    for deployment in wanted:
        _complete(workspace, deployment)
    publish(workspace)
    take_away(workspace, endpoint, wanted)


def take_away(workspace: EndpointWorkspace, endpoint: str, wanted: Iterable[Deployment]) -> None:
    """Remove containers and volumes that the records do not name; the front does not know them."""
    kept = {(one.name, one.revision): one for one in wanted}
    unwanted = [one for one in workspace.engine.instances(endpoint) if not _is_wanted(one, kept.values())]
    longest = max((settings_of(one.document).timeout_seconds for one in kept.values()), default=_LONGEST_SECONDS)
    rollout.take_down(workspace, unwanted, timeout_seconds=longest)
    rollout.remove_volumes(workspace, endpoint, kept=kept)


def _is_wanted(instance: Instance, wanted: Iterable[Deployment]) -> bool:
    return any(
        (one.name, one.revision) == (instance.deployment, instance.revision)
        and 0 <= instance.number < one.instance_count
        for one in wanted
    )


def _complete(workspace: EndpointWorkspace, deployment: Deployment) -> None:
    """Make the containers that are missing; one that was never ready is made again."""
    found = workspace.engine.instances(deployment.endpoint)
    if not _lacks_some(workspace, deployment, found):
        return
    workspace.say(f"{deployment.title} has lost containers; they are made again")
    for one in found:
        if one.deployment == deployment.name and one.revision == deployment.revision:
            workspace.engine.remove(one.name)
    doing = f"giving {deployment.title} the credentials of its identity"
    renewed = identity_access.read(workspace, deployment.identity, doing).given_to(deployment)
    rollout.bring_up(workspace, renewed)
    if renewed != deployment:
        workspace.records.write(renewed)


def _lacks_some(workspace: EndpointWorkspace, deployment: Deployment, found: Iterable[Instance]) -> bool:
    """Whether containers that a deployment should have are missing, or have been stopped."""
    present = {one.name for one in found if not one.is_stopped}
    wanted = {workspace.engine.instance_of(deployment, number) for number in range(deployment.instance_count)}
    return not wanted <= present


def repair(workspace: EndpointWorkspace, found: Inventory) -> bool:
    """Settle every endpoint on which no process works and whose containers do not match its records.

    Args:
        workspace: The workspace.
        found: What it has.

    Returns:
        Whether there was one: then the inventory is out of date.
    """
    broken = [name for name in sorted(found.names) if not is_settled(found, name)]
    for name in broken:
        with endpoint_locks.trying(workspace.lock_of(name), name) as is_mine:
            if is_mine:
                workspace.say(f"repairing online endpoint '{name}': its containers do not match its records")
                settle(workspace, name)
    return bool(broken)


def is_settled(found: Inventory, endpoint: str) -> bool:
    """Whether containers and volumes of an endpoint match its records, and no change of it was interrupted."""
    workspace, wanted, instances = found.workspace, found.deployments(endpoint), found.instances(endpoint)
    if endpoint_locks.was_interrupted(workspace.lock_of(endpoint)):
        return False
    if any(not _is_wanted(one, wanted) for one in instances):
        return False
    if found.revisions(endpoint) - {(one.name, one.revision) for one in wanted}:
        return False
    return not any(_lacks_some(workspace, one, instances) for one in wanted)
