"""Errors of documents that describe computes."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class ComputeDocumentError(MlWorkspaceError):
    """A document does not describe a compute."""


class ComputeAttachError(MlWorkspaceError):
    """An engine cannot be attached, or a compute is none that was."""
