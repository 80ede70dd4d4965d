"""`mlw compute kernel add`, `list` and `remove`: environments of the workspace as kernels of a compute instance."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from infra.rules.roles.role_operations import COMPUTES_READ
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.computes.compute_options import NAME, PRINCIPAL, require
from mlw.data_output import Format, Output, prints_data

if TYPE_CHECKING:
    from mlw.computes.instances import Instance

_ENVIRONMENT = click.option(
    "--environment", "-e", metavar="NAME:VERSION", required=True, help="Environment, as NAME:VERSION or NAME@latest."
)


@command(
    examples=("mlw compute kernel add dev --name ci-ana --environment train:1",),
    exit_codes={DONE: "added", FAILED: FAILURE},
)
@STACK
@NAME
@_ENVIRONMENT
@PRINCIPAL
@prints_data(Format.TABLE, text="a sentence")
def add(stack: str, name: str, environment: str, principal: str | None, output: Output) -> int:
    """Add an environment to an instance as a kernel.

    Its packages are unpacked into the home volume, in the versions that jobs have; ipykernel is added if it is not one
    of them. JupyterLab shows the kernel in its launcher. With --principal only the assigned user may.
    """
    from mlw.computes import instance_kernels  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.environments.image_of import open_environments  # noqa: PLC0415 - likewise
    from mlw.environments.kernel_images import kernel_image  # noqa: PLC0415 - likewise
    from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - likewise

    instance = _instance(stack, name, principal, "adding a kernel to")

    def log(line: str) -> None:
        print(line, file=sys.stderr)

    image = kernel_image(environment, open_environments(open_stack(stack), principal), log)
    added = instance_kernels.add(instance, image, log)
    said = (
        f"'{added['environment']}' is a kernel of '{instance.name}': Python {added['python']}, {added['sizeMiB']} MiB."
    )
    output.print(added, lambda: said)
    return DONE


@command(
    examples=("mlw compute kernel list dev --name ci-ana",),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@STACK
@NAME
@PRINCIPAL
@prints_data(Format.TABLE)
def list_kernels(stack: str, name: str, principal: str | None, output: Output) -> int:
    """List the environments that an instance has as kernels.

    Shows the space that each takes in the home volume.
    """
    from mlw.computes import instance_kernels  # noqa: PLC0415 - as above

    output.print(instance_kernels.kernels_of(_instance(stack, name, principal, "listing the kernels of")))
    return DONE


@command(
    examples=("mlw compute kernel remove dev --name ci-ana --environment train:1",),
    exit_codes={DONE: "removed", FAILED: FAILURE},
)
@STACK
@NAME
@_ENVIRONMENT
@PRINCIPAL
def remove(stack: str, name: str, environment: str, principal: str | None) -> int:
    """Remove an environment from the kernels of an instance.

    Its files are deleted from the home volume. A kernel that notebooks use is left alone.
    """
    from mlw.computes import instance_kernels  # noqa: PLC0415 - as above

    instance = _instance(stack, name, principal, "removing a kernel from")
    instance_kernels.remove(instance, environment)
    print(f"'{environment}' is no longer a kernel of '{instance.name}'.")
    return DONE


def _instance(stack: str, name: str, principal: str | None, doing: str) -> Instance:
    from mlw.computes.instance_requests import require_user  # noqa: PLC0415 - as above
    from mlw.computes.instances import find_instance  # noqa: PLC0415 - as above

    doing = f"{doing} compute instance '{name}'"
    require(stack, principal, COMPUTES_READ, doing)
    found = find_instance(stack, name)
    require_user(found, principal, doing)
    return found
