"""Errors about assets that a user can cause or must act on."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class AssetError(MlWorkspaceError):
    """An asset cannot be created, found or changed."""


class AssetNameError(AssetError):
    """A name, a version or a reference is not valid."""


class AssetNotFoundError(AssetError):
    """There is no such asset, or no such version of it."""


class AssetExistsError(AssetError):
    """The version exists with other content."""


class AssetForbiddenError(AssetError):
    """The keys of the storage account do not allow it."""
