"""`mlw compute start`, `stop`, `restart` and `connect`, for compute instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.rules.roles.role_operations import COMPUTES_READ, COMPUTES_RESTART, COMPUTES_START, COMPUTES_STOP
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.computes.compute_options import NAME, PRINCIPAL, require
from mlw.data_output import Format, Output, prints_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlw.computes.instances import Instance


@command(
    examples=("mlw compute start dev --name ci-ana", "mlw compute start dev -n ci-ana --principal ana"),
    exit_codes={DONE: "it runs", FAILED: FAILURE},
)
@STACK
@NAME
@PRINCIPAL
@prints_data(Format.TABLE, text="a sentence")
def start(stack: str, name: str, principal: str | None, output: Output) -> int:
    """Start a compute instance.

    Waits until JupyterLab is ready. An instance that runs is left alone. Files are as they were when it stopped.
    """
    from mlw.computes import instance_power  # noqa: PLC0415 - a wrong command line does not need it

    require(stack, principal, COMPUTES_START, f"starting compute instance '{name}'")
    return _done(instance_power.start, stack, name, output)


@command(
    examples=("mlw compute stop dev --name ci-ana",),
    exit_codes={DONE: "it is stopped", FAILED: FAILURE},
)
@STACK
@NAME
@PRINCIPAL
@prints_data(Format.TABLE, text="a sentence")
def stop(stack: str, name: str, principal: str | None, output: Output) -> int:
    """Stop a compute instance.

    Its kernels and terminals end. Files in its home folder are kept, and no update starts it again.
    """
    from mlw.computes import instance_power  # noqa: PLC0415 - as above

    require(stack, principal, COMPUTES_STOP, f"stopping compute instance '{name}'")
    return _done(instance_power.stop, stack, name, output)


@command(
    examples=("mlw compute restart dev --name ci-ana",),
    exit_codes={DONE: "it runs", FAILED: FAILURE},
)
@STACK
@NAME
@PRINCIPAL
@prints_data(Format.TABLE, text="a sentence")
def restart(stack: str, name: str, principal: str | None, output: Output) -> int:
    """Restart a compute instance.

    Its kernels and terminals end. Waits until JupyterLab is ready.
    """
    from mlw.computes import instance_power  # noqa: PLC0415 - as above

    require(stack, principal, COMPUTES_RESTART, f"restarting compute instance '{name}'")
    return _done(instance_power.restart, stack, name, output)


@command(
    examples=("mlw compute connect dev --name ci-ana", "mlw compute connect dev -n ci-ana --query url -o tsv"),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@STACK
@NAME
@PRINCIPAL
@prints_data(Format.TABLE, text="a sentence")
def connect(stack: str, name: str, principal: str | None, output: Output) -> int:
    """Print a link to JupyterLab on a compute instance.

    The link logs the assigned user in. It works once, within five minutes; the session that it starts lasts until the
    token of the user is rotated. With --principal only the assigned user gets a link.
    """
    from mlw.computes.instance_login import login_link  # noqa: PLC0415 - as above
    from mlw.computes.instance_requests import require_user  # noqa: PLC0415 - as above
    from mlw.computes.instances import find_instance  # noqa: PLC0415 - as above

    doing = f"connecting to compute instance '{name}'"
    require(stack, principal, COMPUTES_READ, doing)
    found = find_instance(stack, name)
    require_user(found, principal, doing)
    link = login_link(found)
    output.print({"url": link}, lambda: f"JupyterLab of '{found.name}': {link}\nThe link works once, for five minutes.")
    return DONE


def _done(change: Callable[[str, str], Instance], stack: str, name: str, output: Output) -> int:
    from mlw.computes.compute_reports import document_of  # noqa: PLC0415 - as above

    changed = change(stack, name)
    said = f"Compute instance '{changed.name}' is {changed.state.lower()}."
    output.print(document_of(stack, name), lambda: said)
    return DONE
