"""Errors of schedules that a user can cause or must act on."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class ScheduleError(MlWorkspaceError):
    """A schedule is not valid, does not exist, or cannot be changed."""
