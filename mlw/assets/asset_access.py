"""Connects to the assets of a stack's workspace, as the stack or as one of its principals."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from infra.rules.datastores.default_datastores import ARTIFACT_CONTAINER, ARTIFACT_STORE
from mlw.assets.asset_store import AssetStore
from mlw.tracking.storage_rights import storage_connection

if TYPE_CHECKING:
    from mlw.stacks.stacks import Stack


def open_assets(stack: Stack, principal: str | None = None) -> AssetStore:
    """Open the store with the keys of the stack, or of a principal.

    Raises:
        NotUpError: The stack was never deployed.
        NoSuchPrincipalError: The stack has no such principal.
        NoTrackingRightError: The principal has no keys of the storage account.
    """
    connection = storage_connection(stack, principal)
    return AssetStore(connection, artifact_container_of(stack), user=principal or getpass.getuser())


def artifact_container_of(stack: Stack) -> str:
    """The container of the workspace's artifact store."""
    stores = stack.require_outputs().get("datastores") or ()
    found = (str(one["container"]) for one in stores if one["name"] == ARTIFACT_STORE)
    return next(found, ARTIFACT_CONTAINER)
