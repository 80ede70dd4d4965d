"""`mlw compute list`, `show` and `list-sizes`: computes of a deployed workspace, as `az ml compute` prints them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from infra.rules.roles.role_operations import COMPUTES_READ
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.computes.compute_options import NAME, PRINCIPAL, require
from mlw.data_output import Format, Output, prints_data

if TYPE_CHECKING:
    from mlw.computes.workspace_computes import Compute

_HEADINGS = ("NAME", "TYPE", "SIZE", "TIER", "NODES", "CPUS", "MEMORY", "PRINCIPAL")
_STATE = "STATE"
"""Only where there are instances."""


@command(
    examples=("mlw compute list dev", "mlw compute list dev --type AmlCompute -o json"),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@STACK
@click.option("--type", "type_", metavar="TYPE", default="", help="Only those of this type.")
@PRINCIPAL
@prints_data(Format.TABLE, has_json_flag=True)
def list_computes(stack: str, type_: str, principal: str | None, output: Output) -> int:
    """List the computes of a workspace.

    With the CPUs and memory that limit each job or the instance: those of the size, or what this machine has if that is
    less; of compute instances also whether they run. Attached engines are not asked, see `mlw compute show`.
    """
    from mlw.output import table  # noqa: PLC0415 - a wrong command line does not need it

    require(stack, principal, COMPUTES_READ, "listing computes")
    found = [one for one in documents(stack) if not type_ or one["type"] == type_.lower()]
    headings = (*_HEADINGS, *([_STATE] if any("state" in one for one in found) else ()))
    output.print(found, lambda: table(headings, [_row(one)[: len(headings)] for one in found]))
    return DONE


@command(
    examples=(
        "mlw compute show dev --name cpu-cluster",
        "mlw compute show dev -n cpu-cluster --query principal -o tsv",
    ),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@STACK
@NAME
@PRINCIPAL
@prints_data(Format.TABLE, has_json_flag=True)
def show(stack: str, name: str, principal: str | None, output: Output) -> int:
    """Show a compute.

    The engine of an attached compute is asked for its version, CPUs and memory; `state` says whether it responds.
    """
    require(stack, principal, COMPUTES_READ, f"showing compute '{name}'")
    output.print(document_of(stack, name))
    return DONE


@command(
    examples=("mlw compute list-sizes", 'mlw compute list-sizes --query "[?v_cpus==`4`].name" -o tsv'),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@prints_data(Format.TABLE, has_json_flag=True)
def list_sizes(output: Output) -> int:
    """List the sizes of nodes: their CPUs and memory.

    No job gets more than this machine has.
    """
    from infra.rules.computes.vm_sizes import vm_sizes  # noqa: PLC0415 - as above

    output.print([{"name": one.name, "v_cpus": one.cpus, "memory_gb": one.memory_gib} for one in vm_sizes().values()])
    return DONE


def documents(stack: str) -> list[dict[str, Any]]:
    """All computes as `az ml compute` prints them; what is less than a size says is said on standard error."""
    from mlw.computes.compute_documents import to_instance_document  # noqa: PLC0415 - as above
    from mlw.computes.instances import instances_of  # noqa: PLC0415 - as above
    from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - as above

    instances = [to_instance_document(instance) for instance in instances_of(open_stack(stack))]
    return [*(_told(compute, entry) for compute, entry in _known(stack)), *instances]


def document_of(stack: str, name: str) -> dict[str, Any]:
    """One of them.

    Raises:
        NoSuchComputeError: The workspace has no such compute.
    """
    from mlw.computes.compute_documents import to_attached_document, to_instance_document  # noqa: PLC0415 - as above
    from mlw.computes.instances import instances_of  # noqa: PLC0415 - as above
    from mlw.computes.workspace_computes import no_such_compute  # noqa: PLC0415 - as above
    from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - as above

    known = _known(stack)
    found = next(((compute, entry) for compute, entry in known if compute.name.lower() == name.lower()), None)
    if found and found[0].is_attached:
        from mlw.computes.attached_computes import look  # noqa: PLC0415 - only for an attached engine

        compute, entry = found
        return to_attached_document(compute, entry, look(compute.name, compute.address, compute.key_file))
    if found:
        return _told(*found)
    instances = instances_of(open_stack(stack))
    instance = next((one for one in instances if one.name.lower() == name.lower()), None)
    if instance is None:
        raise no_such_compute(stack, name, [*(compute.name for compute, _ in known), *(one.name for one in instances)])
    return to_instance_document(instance)


def _known(stack: str) -> list[tuple[Compute, Mapping[str, Any]]]:
    from mlw.computes.workspace_computes import computes_of  # noqa: PLC0415 - as above
    from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - as above

    opened = open_stack(stack)
    entries = {entry["name"]: entry for entry in opened.require_outputs().get("computes") or ()}
    return [(compute, entries[compute.name]) for compute in computes_of(opened)]


def _told(compute: Compute, entry: Mapping[str, Any]) -> dict[str, Any]:
    from mlw.computes.compute_documents import to_attached_document, to_document  # noqa: PLC0415 - as above

    if compute.is_attached:
        return to_attached_document(compute, entry, None)
    for notice in compute.notices:
        print(notice, file=sys.stderr)
    return to_document(compute, entry)


def _row(document: dict[str, Any]) -> list[str]:
    memory = {"memory": f"{document['memory_mib'] / 1024:.1f} GiB"} if "memory_mib" in document else {}
    shown = {**document, **memory}
    columns = ("name", "type", "size", "tier", "max_instances", "cpus", "memory", "principal", "state")
    return [str(shown.get(column, "-")) for column in columns]
