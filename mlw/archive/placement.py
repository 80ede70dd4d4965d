"""Decides names, ports, subnet and images of a restored stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.clients.engine import engine_claims, engine_inventory
from infra.clients.engine.engine_inventory import Inventory
from infra.clients.engine.reservation import Wanted, refuse_foreign, wish
from infra.clients.state import stack_states
from infra.errors import ImageMissingError
from infra.host.project import PROJECT
from infra.rules.stack.locked_changes import AcceptedStack
from infra.rules.stack.stack_changes import Resources
from infra.settings import load
from infra.stack_files.stack_file import open_stack_file, parse_stack_file
from mlw.archive.contents import Contents
from mlw.archive.state_rewriting import Renaming, of_kind, place, resource_names, rewrite
from mlw.lifecycle.stack_context import Context
from mlw.lifecycle.state_transfer import Exported

ADDITIONAL = "additionalStorageAccounts"
"""Prefix of the keys of additional accounts, and their section of a stack file."""


def new_names(context: Context, contents: Contents) -> dict[str, str]:
    """Map each resource's name in the backup to its name in the stack file.

    Additional accounts have no key other than their names, so they are matched by position.

    Raises:
        ConfigurationError: The stack file breaks rules, e.g. because another stack has the names.
    """
    wanted = _wanted(context, accepted=None)
    before, now = additional_names(contents.stack_file), additional_names(context.stack_file.read_text("utf-8"))
    additional = dict(zip(before, now, strict=True)) if len(before) == len(now) else {}
    return {
        name: str(wanted[key]["properties"]["name"]) if key in wanted else additional.get(name, name)
        for key, name in resource_names(contents.state).items()
    }


def additional_names(stack_file: str | None) -> list[str]:
    """Names of the additional storage accounts of a stack file, in order."""
    listed = parse_stack_file((stack_file or "").encode()).config.get(f"ml-workspace:{ADDITIONAL}")
    return [str(one.get("name")) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def judge(context: Context, exported: Exported) -> None:
    """Check the stack file as the next update will, before anything is created.

    Raises:
        ConfigurationError: The update would lose data.
    """
    _wanted(context, accepted=AcceptedStack.of(of_kind(exported, "ChangeGuard")["inputs"]))


def _wanted(context: Context, *, accepted: AcceptedStack | None) -> Resources:
    from infra.preconditions import own_resources  # noqa: PLC0415 - half a second, for this command alone

    file = open_stack_file(context.stack_file)
    settings = load(
        file.values,
        stack=context.stack,
        deployed=stack_states.deployed(project=PROJECT, except_stack=context.stack),
        accepted=accepted,
        encrypted=file.encrypted,
        folder=context.stack_file.parent,
    )
    return own_resources(settings)


def rename(exported: Exported, renaming: Renaming, held: Inventory) -> Exported:
    """The state with its new names, which have to be free.

    Raises:
        ForeignObjectError: One of the names is in use.
    """
    renamed = rewrite(exported, renaming)
    names = of_kind(renamed, "EngineReservation")["inputs"]["names"]
    (_, stack), (_, stack_id) = renaming.stacks, renaming.identities
    wanted = Wanted(stack=stack, stack_id=stack_id, names=names, holders={}, images={}, ports=(0, 0))
    refuse_foreign(wanted, names, held)
    return renamed


def claim(exported: Exported, stack_id: str, held: Inventory) -> Exported:
    """The state with ports, a subnet and the images of this engine; ports that are free stay.

    Raises:
        PortRangeExhaustedError: Too few ports are free.
    """
    reservation = of_kind(exported, "EngineReservation")
    inputs, before = reservation["inputs"], reservation["outputs"]
    wanted = Wanted(
        stack=inputs["stack"],
        stack_id=stack_id,
        names=inputs["names"],
        holders=dict.fromkeys(before["ports"], ""),
        images={},
        ports=(int(inputs["first_port"]), int(inputs["last_port"])),
        resource_id=inputs.get("resource_id", ""),
    )
    kept = {use: int(port) for use, port in before["ports"].items()}
    ports, subnet = engine_claims.claim(wish(wanted, kept=kept, subnet=None), held)
    images = {service: held.images[tag] for service, tag in inputs["images"].items() if tag in held.images}
    return place(exported, ports=ports, subnet=subnet, images=images)


def volume_labels(exported: Exported) -> dict[str, dict[str, str]]:
    """Labels of each volume."""
    return {
        str(one["inputs"]["name"]): _labels(one["inputs"])
        for one in exported["deployment"]["resources"]
        if one["type"] == "docker:index/volume:Volume"
    }


def _labels(inputs: Mapping[str, Any]) -> dict[str, str]:
    return {label["label"]: label["value"] for label in inputs.get("labels") or []}


def any_image(held: Inventory, exported: Exported) -> str:
    """An image of the services that is on the engine.

    Raises:
        ImageMissingError: There is none.
    """
    tags: list[str] = sorted(of_kind(exported, "EngineReservation")["inputs"]["images"].values())
    found = next((tag for tag in tags if tag in held.images), None)
    if found is None:
        raise ImageMissingError(
            f"looking for the services' images: none of {', '.join(repr(tag) for tag in tags)} is on the "
            "engine. Run `make setup`, which pulls or builds them."
        )
    return found


def inventory() -> Inventory:
    """What the engine holds now."""
    return engine_inventory.inventory()
