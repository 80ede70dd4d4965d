"""`mlw registry gc`: frees the space of deleted images."""

from __future__ import annotations

import click

from infra import service_images, services
from infra.clients import readiness_probes
from infra.clients.registry import garbage_collection
from infra.clients.registry.garbage_collection import Freed
from infra.errors import GarbageCollectionError, SharedResourceError
from infra.rules.resources.component_types import CONTAINER_REGISTRY
from infra.rules.resources.resource_ids import parse_resource_id
from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.data_output import Format, Output, prints_data
from mlw.diagnosis.engine_snapshot import take_snapshot
from mlw.stacks.stacks import Stack, open_stack

COLLECTION_SECONDS = 3600.0
READY_SECONDS = 60.0
_UNITS = ("bytes", "KiB", "MiB", "GiB")
_STEP = 1024


@command(
    examples=("mlw registry gc dev --dry-run", "mlw registry gc dev --untagged"),
    exit_codes={DONE: "freed, or counted", FAILED: FAILURE},
    records=Recorded(
        operation="Microsoft.ContainerRegistry/registries/collectGarbage/action",
        resource="containerRegistry",
        unless="dry_run",
        details=("untagged",),
    ),
    progress="reading the registry's volume",
)
@STACK
@click.option("--dry-run", is_flag=True, help="Delete nothing, print what would be freed; pushes continue to work.")
@click.option("--untagged", is_flag=True, help="Also delete manifests that have no tag.")
@prints_data(Format.TABLE)
def collect_garbage(stack: str, *, dry_run: bool, untagged: bool, output: Output) -> int:
    """Free the space of deleted images.

    Deletes from the volume of the container registry every blob that no manifest refers to: what deleted images and
    aborted pushes have left. Meanwhile pulls continue to work and pushes are rejected (405). Prints what was freed.
    """
    workspace = open_stack(stack)
    container = _container(workspace)
    if dry_run:
        freed = garbage_collection.preview(container, untagged=untagged)
    else:
        freed = _collect(workspace, container, untagged=untagged)
    data = {"blobs": freed.blobs, "bytes": freed.size, "dryRun": dry_run}
    output.print(data, lambda: f"{'Would free' if dry_run else 'Freed'} {said(freed)}.")
    return DONE


def _collect(stack: Stack, container: str, *, untagged: bool) -> Freed:
    uid, _, gid = service_images.table()[services.CONTAINER_REGISTRY.image].user.partition(":")
    freed = garbage_collection.collect(
        container, user=(int(uid), int(gid)), untagged=untagged, seconds=COLLECTION_SECONDS
    )
    _wait_for_pushes(stack, container)
    return freed


def said(freed: Freed) -> str:
    """Format the result for people."""
    size, unit = float(freed.size), 0
    while size >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size / _STEP, unit + 1
    return f"{freed.blobs} blob{'' if freed.blobs == 1 else 's'}, {f'{size:.1f}' if unit else int(size)} {_UNITS[unit]}"


def _container(stack: Stack) -> str:
    """Name of the running container of the stack's own registry.

    Raises:
        NotUpError: The stack has none yet.
        SharedResourceError: Another stack owns the registry.
        GarbageCollectionError: The container is missing or not running.
    """
    identity = str(stack.require_outputs()["workspace"]["containerRegistry"])
    name = parse_resource_id(identity).name
    own = [one["inputs"]["resourceId"] for one in stack.components if one["type"] == CONTAINER_REGISTRY]
    if identity not in own:
        raise SharedResourceError(
            f"collecting garbage in the container registry of stack '{stack.name}': '{name}' belongs to another "
            "stack. Run the command with that stack."
        )
    found = take_snapshot(stack_ids=[stack.stack_id], resource_ids=[identity]).containers
    running = [container.name for container in found if container.is_service and container.is_running]
    if not running:
        raise GarbageCollectionError(
            f"collecting garbage in container registry '{name}': its container is not running. Run `make up "
            f"STACK={stack.name}`."
        )
    return running[0]


def _wait_for_pushes(stack: Stack, container: str) -> None:
    (endpoint, *_), address = services.CONTAINER_REGISTRY.endpoints, stack.outputs["endpoints"]
    url = f"{'https' if stack.serves_tls else 'http'}://{address[endpoint.use]}"
    ready = readiness_probes.endpoint_probe(url, endpoint.probe, stack.ca_certificate)
    readiness_probes.wait_until_ready(
        services.CONTAINER_REGISTRY.title, [ready], container=container, deadline_seconds=READY_SECONDS
    )
