"""Errors about packages of models that a user can cause or must act on."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class ModelPackageError(MlWorkspaceError):
    """A model cannot be packaged, or its package not be written."""
