"""What `mlw run` adds to every MLflow run of the command: where its code comes from, and a snapshot of it.

MLflow's clients read tags from the variable `MLFLOW_RUN_CONTEXT`, so the program stays unchanged.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.client_variables import Access
from infra.clients.service_connection import ServiceConnection
from infra.errors import ServiceError
from mlw.command import PROGRAM
from mlw.stacks.stacks import Stack

RUN_CONTEXT, EXPERIMENT_NAME = "MLFLOW_RUN_CONTEXT", "MLFLOW_EXPERIMENT_NAME"
_PYTHON = ".py"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """What the command line says.

    Attributes:
        words: The command.
        experiment: Name of the experiment; empty to leave it to the program.
        code: Folder of the snapshot; None for that of the first Python file in the command.
        has_snapshot: Whether a snapshot is stored.
    """

    words: Sequence[str]
    experiment: str = ""
    code: Path | None = None
    has_snapshot: bool = True

    @property
    def code_folder(self) -> Path | None:
        """The folder with the code; None if the command names no Python file that exists."""
        files = (Path(word) for word in self.words if word.endswith(_PYTHON))
        return self.code or next((file.parent for file in files if file.is_file()), None)


def variables_of(stack: Stack, access: Access, options: RunOptions, inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables; none where the workspace has no tracking, or the caller no login there.

    Raises:
        TrackingOffError: An experiment is named, and there is no tracking.
        CodeSnapshotError: The folder is too large.
        ServiceError: The storage account fails.
    """
    if "tracking" not in access.endpoints:
        if options.experiment:
            from mlw.tracking import tracking_access  # noqa: PLC0415 - only with tracking

            tracking_access.require_endpoint(stack.name, access.endpoints)
        return {}
    if "tracking" not in access.credentials:
        return {}
    tags = _tags(stack, access, options)
    found = {EXPERIMENT_NAME: options.experiment} if options.experiment else {}
    return {**found, **({RUN_CONTEXT: _merged(tags, inherited.get(RUN_CONTEXT, ""))} if tags else {})}


def _merged(tags: Mapping[str, str], given: str) -> str:
    """Our tags and those that the user has set; the latter win."""
    try:
        others = json.loads(given) if given else {}
    except ValueError:
        others = {}
    return json.dumps({**tags, **(others if isinstance(others, dict) else {})})


def _tags(stack: Stack, access: Access, options: RunOptions) -> dict[str, str]:
    from mlw.tracking.git_facts import git_facts  # noqa: PLC0415 - only with tracking

    folder = options.code_folder
    tags = git_facts(folder or Path())
    if folder is not None and options.has_snapshot:
        tags |= _snapshot(stack, access, folder)
    return tags


def _snapshot(stack: Stack, access: Access, folder: Path) -> dict[str, str]:
    """Store a snapshot; without the right to, the command runs, with a note."""
    from infra.clients.storage.blob_files import BlobForbiddenError  # noqa: PLC0415 - only with tracking
    from mlw.tracking import code_snapshot, stored_snapshots  # noqa: PLC0415 - same

    keys = access.credentials.get("storage")
    if not keys:
        return _without_snapshot(folder)
    connection = ServiceConnection(
        endpoint=access.endpoints["storage"], credentials=keys, ca_certificate=stack.ca_certificate
    )
    try:
        taken = code_snapshot.take(folder)
        return {stored_snapshots.TAG: stored_snapshots.store(connection, stored_snapshots.container_of(stack), taken)}
    except BlobForbiddenError:
        return _without_snapshot(folder)
    except OSError as exc:
        raise ServiceError(f"storing a snapshot of '{folder}': {exc.strerror}: '{exc.filename}'.") from exc


def _without_snapshot(folder: Path) -> dict[str, str]:
    print(
        f"{PROGRAM}: storing a snapshot of '{folder}': the role includes no rights to read and write blobs of the "
        "default datastore. The runs will have no snapshot.",
        file=sys.stderr,
    )
    return {}
