"""Has deployments have the credentials of another identity, or new ones of the same, without a request that fails.

Each gets a new revision: its containers are ready before the front knows them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mlw.online_endpoints import identity_access, publishing, rollout
from mlw.online_endpoints.endpoint_records import Deployment, Endpoint
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
from mlw.online_endpoints.identity_access import EndpointIdentity

_LEFT = "The endpoint has the identity that it had; nothing of this attempt is left."


@contextmanager
def changing(workspace: EndpointWorkspace, endpoint: str, principal: str, doing: str) -> Iterator[None]:
    """Record and publish a changed identity inside the block, when containers with it are ready.

    The caller holds the lock of the endpoint. If the block fails, the deployments stay as they are.

    Args:
        workspace: The workspace.
        endpoint: The endpoint.
        principal: Its identity from now on; empty for none.
        doing: For messages.

    Raises:
        EndpointError: It may not have this identity, or a deployment does not become ready.
    """
    identity, records = identity_access.read(workspace, principal, doing), workspace.records
    before, shown = outdated(workspace, endpoint, identity), records.endpoint(endpoint)
    made = [identity.given_to(replace(one, revision=secrets.token_hex(4))) for one in before]

    def take_back() -> None:
        records.change(endpoint, lambda one: replace(one, identity=shown.identity))
        for one in before:
            records.write(one)
        publishing.take_away(workspace, endpoint, records.deployments(endpoint))

    with publishing.taking_back(take_back, _LEFT):
        for one in made:
            rollout.bring_up(workspace, one)
        for one in made:
            records.write(one)
        yield
    if made:
        publishing.take_away(workspace, endpoint, records.deployments(endpoint))


def outdated(workspace: EndpointWorkspace, endpoint: str, identity: EndpointIdentity) -> list[Deployment]:
    """Deployments whose containers do not have what an identity has now."""
    return [one for one in workspace.records.deployments(endpoint) if one != identity.given_to(one)]


def follow(workspace: EndpointWorkspace, endpoint: Endpoint) -> None:
    """Have the deployments of an endpoint have the credentials that its identity has now.

    Raises:
        EndpointError: See :func:`changing`.
    """
    doing = f"renewing the credentials of online endpoint '{endpoint.name}'"
    if not outdated(workspace, endpoint.name, identity_access.read(workspace, endpoint.identity, doing)):
        return
    workspace.say(f"{doing}: those of '{endpoint.identity}' were replaced")
    with workspace.changing(endpoint.name):
        now = workspace.records.endpoint(endpoint.name)
        with changing(workspace, now.name, now.identity, doing):
            publishing.publish(workspace)


def has_identity(workspace: EndpointWorkspace, endpoint: Endpoint) -> bool:
    """Whether an endpoint, or a deployment of it, has one."""
    return bool(endpoint.identity) or any(one.identity for one in workspace.records.deployments(endpoint.name))
