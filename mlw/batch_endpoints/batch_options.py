"""What every command on batch endpoints has: the stack, the principal, the records and the jobs."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlw.command import PROGRAM
from mlw.jobs.job_options import Jobs
from mlw.stack_rights import uses

if TYPE_CHECKING:
    from mlw.batch_endpoints.batch_records import BatchRecords
    from mlw.tracking.tracking_client import TrackingClient


@dataclass(kw_only=True)
class BatchEndpoints(Jobs):
    """The batch endpoints of a stack, connected to when they are used; and its jobs."""

    @functools.cached_property
    def records(self) -> BatchRecords:
        """The records."""
        from mlw.batch_endpoints.batch_records import BatchRecords  # noqa: PLC0415 - help does not need it
        from mlw.jobs.shared_documents import SharedDocuments  # noqa: PLC0415 - likewise

        connection = self.workspace.connection
        return BatchRecords(
            SharedDocuments(connection, "batchEndpoints"),
            self.workspace.artifacts,
            invoked=SharedDocuments(connection, "batchEndpoints/jobs"),
        )

    def tracking(self) -> TrackingClient:
        """Connect to the registry of models."""
        from mlw.tracking.tracking_access import connect  # noqa: PLC0415 - only for a registered model

        return connect(self.stack, self.principal)

    @property
    def user(self) -> str:
        """Who the caller is."""
        import getpass  # noqa: PLC0415 - likewise

        return self.principal or getpass.getuser()


uses_batch = uses("batch", BatchEndpoints)
"""Gives a command its stack and `--principal`; it gets them as the argument `batch`."""


def tell(text: str) -> None:
    """Print what is being done, and notices."""
    print(f"{PROGRAM}: {text}", file=sys.stderr, flush=True)
