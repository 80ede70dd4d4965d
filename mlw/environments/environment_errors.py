"""Errors of environments."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class EnvironmentFileError(MlWorkspaceError):
    """An environment or its conda file cannot be used as it is; the message says what to change."""


class UnresolvableError(MlWorkspaceError):
    """The packages of an environment cannot be installed together, or not at all; quotes the resolver."""
