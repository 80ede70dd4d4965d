"""`mlw registry gc`: free the space of images that are no longer there."""

from __future__ import annotations

import argparse

from infra import service_images, services
from infra.clients import readiness_probes
from infra.clients.registry import garbage_collection
from infra.clients.registry.garbage_collection import Freed
from infra.errors import GarbageCollectionError, SharedResourceError
from infra.rules.resources.component_types import CONTAINER_REGISTRY
from infra.rules.resources.resource_ids import parse_resource_id
from mlw.command import DONE
from mlw.diagnosis.engine_snapshot import take_snapshot
from mlw.stacks.stacks import Stack, open_stack

COLLECTION_SECONDS = 3600.0
READY_SECONDS = 60.0
_UNITS = ("bytes", "KiB", "MiB", "GiB")
_STEP = 1024


def collect_garbage(options: argparse.Namespace) -> int:
    """Delete what no manifest names, or tell how much that would be."""
    stack = open_stack(options.stack)
    container = _container(stack)
    if options.dry_run:
        print(f"Would free {said(garbage_collection.preview(container, untagged=options.untagged))}.")
        return DONE
    uid, _, gid = service_images.table()[services.CONTAINER_REGISTRY.image].user.partition(":")
    freed = garbage_collection.collect(
        container, user=(int(uid), int(gid)), untagged=options.untagged, seconds=COLLECTION_SECONDS
    )
    _wait_for_pushes(stack, container)
    print(f"Freed {said(freed)}.")
    return DONE


def said(freed: Freed) -> str:
    """Say for people how much that is."""
    size, unit = float(freed.size), 0
    while size >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size / _STEP, unit + 1
    return f"{freed.blobs} blob{'' if freed.blobs == 1 else 's'}, {f'{size:.1f}' if unit else int(size)} {_UNITS[unit]}"


def _container(stack: Stack) -> str:
    """Name of the running container of the stack's own registry.

    Raises:
        NotUpError: The stack has none yet.
        SharedResourceError: The registry is another stack's.
        GarbageCollectionError: The container is not there, or does not run.
    """
    identity = str(stack.require_outputs()["workspace"]["containerRegistry"])
    name = parse_resource_id(identity).name
    own = [one["inputs"]["resourceId"] for one in stack.components if one["type"] == CONTAINER_REGISTRY]
    if identity not in own:
        raise SharedResourceError(
            f"collecting garbage in the container registry of stack '{stack.name}': '{name}' is another stack's. "
            "Run the command for the stack that made it."
        )
    found = take_snapshot(stack_ids=[stack.stack_id], resource_ids=[identity]).containers
    running = [container.name for container in found if container.is_service and container.is_running]
    if not running:
        raise GarbageCollectionError(
            f"collecting garbage in container registry '{name}': its container does not run. "
            f"Run `make up STACK={stack.name}`."
        )
    return running[0]


def _wait_for_pushes(stack: Stack, container: str) -> None:
    (endpoint, *_), address = services.CONTAINER_REGISTRY.endpoints, stack.outputs["endpoints"]
    url = f"{'https' if stack.serves_tls else 'http'}://{address[endpoint.use]}"
    ready = readiness_probes.endpoint_probe(url, endpoint.probe, stack.ca_certificate)
    readiness_probes.wait_until_ready(
        services.CONTAINER_REGISTRY.title, [ready], container=container, deadline_seconds=READY_SECONDS
    )
