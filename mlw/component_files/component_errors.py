"""Errors about components that a user can cause or must act on."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class ComponentError(MlWorkspaceError):
    """A component cannot be created."""
