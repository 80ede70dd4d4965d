"""The state's files: read, restore from the newest valid backup, keep a copy that survives a power loss.

Pulumi's file backend renames files into place but never flushes them to the disk, so a power loss can leave an empty or
an older file. After each operation the state is flushed and copied to a folder of its own. A restore prints a warning
and keeps the damaged file; without a valid backup it fails, because continuing with an empty state would lose
everything.

Only the content of a state counts: one that :mod:`mlw.lifecycle.checkpoints` finds valid is never replaced. That it
differs from a backup proves nothing, also with the same time and length: `pulumi stack change-secrets-provider`, `stack
rename`, `stack import` and `state rename` change a state without an update. A flipped bit that leaves the state valid
cannot be distinguished from these; in an encrypted value Pulumi reports it on decryption.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from infra.host import atomic_files, folders
from mlw.lifecycle import backend_sidecars, checkpoints, pulumi_cli, restore_notes
from mlw.lifecycle.checkpoints import Checkpoint, CorruptStateError, NewerStateError
from mlw.lifecycle.display import Say
from mlw.lifecycle.lifecycle_errors import DamagedStateError, OperationFailedError
from mlw.lifecycle.stack_context import Context
from mlw.lifecycle.stack_locks import remove_with_attributes

LAYOUT = "version: 1"
"""What `meta.yaml` of a file backend says when stacks are stored below their projects."""

KEPT_ENTRIES = 20
"""Past operations whose history and backup are kept; Pulumi itself never deletes them."""


def exists(context: Context) -> bool:
    """Whether the stack has a state file, valid or not."""
    return bool(context.state_file and context.state_file.is_file())


def make_empty(context: Context) -> bool:
    """Make the stack by writing its state file, which spares a start of the CLI; a state that is there stays.

    Only where Pulumi has set the backend up as it does today. The first update makes the salt for the passphrase, and
    writes it into the stack file as well: for runs with a private copy of that.

    Returns:
        Whether it was made.
    """
    if context.state_file is None or context.backend_folder is None:
        return False
    try:
        layout = (context.backend_folder / "meta.yaml").read_text()
    except OSError:
        return False
    if layout.strip() != LAYOUT:
        return False
    folders.private_folder(context.state_file.parent)
    return atomic_files.write_once(context.state_file, checkpoints.empty(context.stack))


def read(context: Context) -> Checkpoint | None:
    """Read the state; None when there is none. Of any other backend than files it comes through the CLI.

    Raises:
        DamagedStateError: It is damaged, or of a newer Pulumi.
    """
    if context.state_file is None:
        return _exported(context)
    if not context.state_file.is_file():
        return None
    try:
        return checkpoints.parse(context.state_file.read_bytes())
    except (CorruptStateError, NewerStateError) as exc:
        raise DamagedStateError(f"reading the state of stack '{context.stack}': {exc}.") from exc


def _exported(context: Context) -> Checkpoint | None:
    try:
        exported = json.loads(pulumi_cli.query(context, ["stack", "export", f"--stack={context.stack}"]))
    except OperationFailedError as exc:
        if "no stack named" in str(exc):
            return None
        raise
    return Checkpoint({"version": exported["version"], "checkpoint": {"latest": exported["deployment"]}})


def heal(context: Context, *, say: Say) -> bool:
    """Replace a damaged or missing state file by the newest valid backup.

    Returns:
        Whether the state was replaced.

    Raises:
        DamagedStateError: It is damaged beyond the backups, or of a newer Pulumi.
    """
    target = context.state_file
    if target is None:
        return False
    try:
        checkpoints.parse(target.read_bytes())
    except FileNotFoundError:
        damage = "it is gone"
    except CorruptStateError as exc:
        damage = str(exc)
    except NewerStateError as exc:
        raise DamagedStateError(
            f"reading the state of stack '{context.stack}' in '{target}': {exc}. "
            "Use the version of the project (and of pulumi) that wrote it."
        ) from exc
    else:
        return False
    _restore(context, target, damage, say)
    return True


def _restore(context: Context, target: Path, damage: str, say: Say) -> None:
    best = newest_backup(context)
    if best is None:
        raise DamagedStateError(
            f"reading the state of stack '{context.stack}' in '{target}': {damage}, and there is no valid backup. "
            f"Put your own backup there, or remove the stack and its data with `make down STACK={context.stack}`."
        )
    path, checkpoint = best
    evidence = put_aside(context)
    kept = f" The damaged file is kept as '{evidence}'." if evidence else ""
    say(
        f"WARNING: the state of stack '{context.stack}' was damaged: {damage}. Restored from '{path.name}' "
        f"of {_moment(checkpoint)} ({len(checkpoint.resources)} resources).{kept}"
    )
    atomic_files.write(target, path.read_bytes(), durable=True)


def _moment(checkpoint: Checkpoint) -> str:
    if checkpoint.written_at == checkpoints.UNKNOWN_TIME:
        return "unknown time"
    return f"{checkpoint.written_at.astimezone():%Y-%m-%d %H:%M:%S}"


def put_aside(context: Context) -> Path | None:
    """Move the state file out of Pulumi's way, and keep it."""
    target = context.state_file
    if target is None or not target.exists():
        return None
    evidence = context.safe_copies / f"damaged-{datetime.now().astimezone():%Y%m%dT%H%M%S.%f}.json"
    folders.private_folder(evidence.parent)
    shutil.move(target, evidence)
    return evidence


def newest_backup(context: Context) -> tuple[Path, Checkpoint] | None:
    """The valid backup with the latest update; among equals, the first by kind."""
    sound: list[tuple[Path, Checkpoint]] = []
    for path in _backups(context):
        with contextlib.suppress(OSError, ValueError):
            sound.append((path, checkpoints.parse(path.read_bytes())))
    return max(sound, key=lambda entry: entry[1].written_at, default=None)


def _backups(context: Context) -> Iterator[Path]:
    yield _safe_copy(context)
    if context.state_file:
        yield context.state_file.with_name(f"{context.stack}.json.bak")
    if context.backups and context.backups.is_dir():
        yield from sorted(context.backups.glob(f"{context.stack}.*.json"), reverse=True)


def _safe_copy(context: Context) -> Path:
    return context.safe_copies / f"{context.stack}.json"


def keep_safe(context: Context) -> None:
    """Flush the state to the disk, keep a flushed copy, and drop the oldest history."""
    target = context.state_file
    if target is None or not target.is_file():
        return
    atomic_files.flush(target)
    atomic_files.write(_safe_copy(context), target.read_bytes(), durable=True)
    for folder, pattern in (
        (context.history, "*.history.json"),
        (context.history, "*.checkpoint.json"),
        (context.backups, f"{context.stack}.*.json"),
    ):
        # The names carry the time, so that their order is the order of the operations.
        for path in sorted(folder.glob(pattern))[:-KEPT_ENTRIES] if folder else []:
            remove_with_attributes(path)


def leftovers(context: Context) -> list[Path]:
    """Every existing file and folder of the stack, below the state's folder and ours."""
    candidates = [context.safe_copies, context.workdir, context.lock_file, *restore_notes.files(context)]
    candidates += [folder for folder in (context.pulumi_locks, context.history, context.backups) if folder]
    if context.state_file:
        names = [f"{context.stack}{end}" for end in (".json", ".json.bak", ".json.gz", ".json.gz.bak", ".pulumi-tags")]
        candidates += [context.state_file.with_name(name + end) for name in names for end in ("", ".attrs")]
    candidates += backend_sidecars.unfinished_writes(context)
    return [path for path in candidates if path.exists()]


def remove_leftovers(context: Context) -> None:
    """Remove everything of the stack below the state's folder and ours.

    Files of other stacks and shared folders stay: another stack may be starting in them.
    """
    for path in leftovers(context):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
