"""What is left of the resource that every container had of its own: how one in an older state goes.

`DatastoreContainers` keeps all containers of a workspace now. The update that brings it deletes these resources last,
when it has taken their containers over; in an account that is shared that would delete the empty ones under its hands.
"""

from __future__ import annotations

from infra.clients.storage_containers import StorageContainers
from infra.resources.base import Props, Provider
from infra.resources.services import at_storage_account


class _BlobContainerProvider(Provider):
    inputs = ("endpoint", "access_key", "secret_key", "container_name", "versioned", "tags")

    def delete(self, _id: str, _props: Props) -> None:
        name = _props["container_name"]
        containers = StorageContainers(_props["endpoint"], _props["access_key"], _props["secret_key"])
        with at_storage_account(_props["endpoint"], f"deleting container '{name}'"):
            # Only who took it over has it encrypt what it is given.
            if _props.get("made", True) and not containers.is_encrypted(name):
                containers.delete_empty([name])
