"""Errors about batch endpoints that a user can cause or must act on."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class BatchEndpointError(MlWorkspaceError):
    """A batch endpoint or a deployment cannot be created, changed, found or used."""


class BatchEndpointNotFoundError(BatchEndpointError):
    """There is no such endpoint or deployment."""
