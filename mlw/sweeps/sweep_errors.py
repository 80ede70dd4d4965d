"""Errors of sweep jobs."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class SweepError(MlWorkspaceError):
    """A sweep job cannot run here, or its search failed."""
