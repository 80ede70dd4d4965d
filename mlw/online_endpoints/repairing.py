"""Looks after online endpoints where no command on them runs: after an update of the stack, and in a diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.errors import MlWorkspaceError
from mlw.diagnosis.findings import Finding, Group
from mlw.keys.principal_credentials import NoSuchPrincipalError
from mlw.online_endpoints import endpoint_keys, identity_access, identity_changes, publishing
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_inventory import Inventory
from mlw.online_endpoints.endpoint_records import Endpoint
from mlw.online_endpoints.endpoint_workspace import INFERENCE, EndpointWorkspace
from mlw.stacks.stacks import Stack, open_stack


def after_update(stack_name: str, say: Callable[[str], None]) -> None:
    """Have containers and routes match the records again, e.g. after a restore on another machine.

    The workspace itself is up: what does not become ready is reported.
    """
    stack = open_stack(stack_name)
    if not _has_front(stack):
        return
    workspace = EndpointWorkspace(stack, None, say)
    try:
        for endpoint in (known := workspace.records.all()):
            endpoint_keys.take_over(workspace, endpoint.name, endpoint.key_hashes)
        if known:
            publishing.publish(workspace)
        publishing.repair(workspace, Inventory(workspace))
    except MlWorkspaceError as exc:
        say(f"WARNING: {exc}")
        return
    for endpoint in known:
        follow_identity(workspace, endpoint, say)


def follow_identity(workspace: EndpointWorkspace, endpoint: Endpoint, say: Callable[[str], None]) -> None:
    """Hand out credentials that were replaced; what served before serves on if that fails."""
    try:
        if identity_changes.has_identity(workspace, endpoint):
            identity_changes.follow(workspace, endpoint)
    except MlWorkspaceError as exc:
        say(f"WARNING: {exc}")


def findings(stack: Stack) -> Iterator[Finding]:
    """Findings about endpoints whose containers do not match their records."""
    if not _has_front(stack):
        return
    workspace = EndpointWorkspace(stack, None, lambda _: None)
    found = Inventory(workspace)
    for name in sorted(found.names):
        if not publishing.is_settled(found, name):
            yield Finding(
                group=Group.OTHER,
                code="OnlineEndpointIncomplete",
                message=f"online endpoint '{name}': its containers do not match its records: a command on it was "
                f"interrupted, or is running, or containers were removed. Run `mlw online-endpoint list {stack.name}`, "
                "which repairs it.",
            )
    for endpoint in found.endpoints:
        yield from findings_of_identity(workspace, endpoint)


def findings_of_identity(workspace: EndpointWorkspace, endpoint: Endpoint) -> Iterator[Finding]:
    """A finding, if containers of an endpoint have what its identity has no more."""
    if not identity_changes.has_identity(workspace, endpoint):
        return
    name, stack = endpoint.name, workspace.stack.name
    try:
        identity = identity_access.read(workspace, endpoint.identity, f"using the identity of online endpoint '{name}'")
        found = [one.name for one in identity_changes.outdated(workspace, name, identity)]
        message = (
            f"online endpoint '{name}': its deployments {', '.join(found)} have other credentials than its identity "
            f"has now. Run `make up STACK={stack}`, which replaces their containers."
        )
    except (EndpointError, NoSuchPrincipalError) as exc:
        remove = f"`mlw online-endpoint update {stack} --name {name} --set identity=none`"
        found, message = [name], f"{exc} Or remove it: {remove}."
    if found:
        yield Finding(group=Group.OTHER, code="OnlineEndpointIdentity", message=message)


def _has_front(stack: Stack) -> bool:
    return stack.is_complete and INFERENCE in stack.require_outputs()["endpoints"]
