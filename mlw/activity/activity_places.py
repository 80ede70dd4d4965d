"""Folders and files of the activity log, in `MLW_HOME`: outside of the stacks, so that they survive them."""

from __future__ import annotations

from pathlib import Path

from infra.host import folders


def folder() -> Path:
    """Everything of the activity log."""
    return folders.home() / "activity"


def lock() -> Path:
    """Lock of whoever writes to the log."""
    return folder() / "lock"


def head() -> Path:
    """Number and digest of the last record."""
    return folder() / "head.json"


def runs() -> Path:
    """A note for each run that has begun and whose result is not recorded yet."""
    return folder() / "runs"


def last_seen() -> Path:
    """What the log already contains of each stack."""
    return folder() / "stacks"


def usage() -> Path:
    """When the containers of each stack were running, for `mlw cost`."""
    return folder() / "usage"
