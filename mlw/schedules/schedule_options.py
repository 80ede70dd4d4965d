"""What every command on schedules has: the stack, the principal, and the records."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from mlw.jobs.job_options import Jobs
from mlw.stack_rights import uses

if TYPE_CHECKING:
    from mlw.schedules.schedule_records import ScheduleRecords

NAME = click.option("--name", "-n", metavar="NAME", required=True, help="Name of the schedule.")


@dataclass(kw_only=True)
class Schedules(Jobs):
    """The schedules of a stack, connected to when they are used; and its jobs."""

    @functools.cached_property
    def records(self) -> ScheduleRecords:
        """The records."""
        from mlw.jobs.shared_documents import SharedDocuments  # noqa: PLC0415 - a wrong command line does not need it
        from mlw.schedules.schedule_records import ScheduleRecords  # noqa: PLC0415 - likewise

        return ScheduleRecords(SharedDocuments(self.workspace.connection, "schedules"), self.workspace.artifacts)

    @property
    def user(self) -> str:
        """Who the caller is."""
        import getpass  # noqa: PLC0415 - likewise

        return self.principal or getpass.getuser()


uses_schedules = uses("schedules", Schedules)
"""Gives a command its stack and `--principal`; it gets them as the argument `schedules`."""
