"""Errors about online endpoints that a user can cause or must act on."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class EndpointError(MlWorkspaceError):
    """An endpoint or a deployment cannot be created, changed, found or used."""


class EndpointNotFoundError(EndpointError):
    """There is no such endpoint or deployment."""


class DeploymentFailedError(EndpointError):
    """The containers of a deployment did not become ready."""


class InferenceOffError(EndpointError):
    """The workspace has no front of online endpoints."""
