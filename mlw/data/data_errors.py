"""Errors about data that a user can cause or must act on."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class DataError(MlWorkspaceError):
    """Data cannot be found, uploaded or registered."""


class DataPathError(DataError):
    """A path or URI is not valid, or nothing here can read it."""


class DataNotFoundError(DataError):
    """There is nothing at a path."""


class DataForbiddenError(DataError):
    """The keys of the storage account do not allow it."""
