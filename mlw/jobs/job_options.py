"""What every command on jobs has: the stack and the principal, and the workspace with its records."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mlw.stack_rights import StackRights, uses

if TYPE_CHECKING:
    from mlw.data.data_workspace import DataWorkspace
    from mlw.jobs.job_workspace import JobWorkspace

NAME = click.argument("name", metavar="NAME", required=False, default="", help="Name of the job.")
NAME_OPTION = click.option("--name", "-n", "name_option", metavar="NAME", default="", help="Name of the job.")


@dataclass(kw_only=True)
class Jobs(StackRights):
    """The jobs of a stack, connected to when they are used."""

    runner: subprocess.Popen[bytes] | None = None

    @functools.cached_property
    def workspace(self) -> JobWorkspace:
        """The workspace."""
        from mlw.jobs.job_workspace import JobWorkspace  # noqa: PLC0415 - likewise
        from mlw.tracking.storage_rights import storage_connection  # noqa: PLC0415 - likewise

        return JobWorkspace(self.stack, storage_connection(self.stack, self.principal))

    @functools.cached_property
    def data(self) -> DataWorkspace:
        """Its data."""
        from mlw.data.data_workspace import DataWorkspace  # noqa: PLC0415 - likewise

        return DataWorkspace.of(self.stack, self.principal)

    def make_ready(self) -> None:
        """Read the credentials and import the clients that a submission uses."""
        _ = self.workspace.records, self.data

    def continue_queue(self) -> None:
        """Start a runner if there is work and none runs, so that a killed one leaves no job behind.

        Raises:
            JobError: The runner cannot be started.
        """
        from mlw.jobs import runner_process  # noqa: PLC0415 - likewise

        if self.workspace.records.queue():
            self.runner = runner_process.ensure(self.stack, self.runner)


uses_jobs = uses("jobs", Jobs)
"""Gives a command its stack and `--principal`; it gets them as the argument `jobs`."""


def named(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the name of a job, as an argument or as `--name`, as `az ml` has it."""

    @functools.wraps(function)
    def call(*, name: str, name_option: str, **values: Any) -> int:  # noqa: ANN401 - any command's, from Click
        if bool(name) == bool(name_option):
            problem = "Give the name of a job once" if name else "Missing argument 'NAME'"
            raise click.UsageError(f"{problem}.", click.get_current_context())
        return function(name=name or name_option, **values)

    return NAME(NAME_OPTION(call))
