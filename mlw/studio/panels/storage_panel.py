"""The storage browser: containers, folders, blobs, versions. All state is in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_listing import BlobListing
from mlw.diagnosis.diagnosed_services import DiagnosedService
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.stack_access import NoAccessError

SECTION = "storageAccount"
PAGE_ROWS = 100
VERSIONS = 50


def load(request: PanelRequest) -> Mapping[str, Any]:
    """List what the address names: containers of all accounts, a folder, or the versions of a blob."""
    accounts = [one for one in request.access.services if one.service.section == SECTION]
    account = account_of(request, accounts)
    connection = request.access.require(account, "listing containers")
    container, folder, blob = request.text("container"), request.text("folder"), request.text("blob")
    doing = f"listing '{container}'" if container else "listing containers"
    with at_storage_account(connection.endpoint, doing):
        listing = BlobListing(connection)
        data = {"accounts": [name_of(one) for one in accounts], "account": name_of(account), "container": container}
        if not container:
            return {**data, "containers": listing.containers()}
        if blob:
            return {
                **data,
                "blob": blob,
                "folder": folder,
                "versions": listing.versions(container, blob, limit=VERSIONS),
            }
        found = listing.blobs(container, folder=folder, after=request.text("after"), limit=PAGE_ROWS + 1)
    shown = found[:PAGE_ROWS]
    return {
        **data,
        "folder": folder,
        "crumbs": _crumbs(folder),
        "blobs": shown,
        "after": request.text("after"),
        "next": shown[-1].end if len(found) > PAGE_ROWS else "",
    }


def account_of(request: PanelRequest, accounts: list[DiagnosedService]) -> DiagnosedService:
    """The account that the address names; by default the workspace's own.

    Raises:
        NoAccessError: The workspace has no such account.
    """
    wanted = request.text("account")
    found = next((one for one in accounts if wanted in {"", name_of(one)}), None)
    if found is None:
        raise NoAccessError(
            f"opening storage account '{wanted}': stack '{request.access.stack.name}' has no such account. "
            f"Accounts: {', '.join(name_of(one) for one in accounts)}."
        )
    return found


def name_of(account: DiagnosedService) -> str:
    """Name of an account."""
    return account.resource_id.rpartition("/")[2]


def _crumbs(folder: str) -> list[tuple[str, str]]:
    """Each folder on the way: its own name, and its full one."""
    names = folder.split("/")[:-1]
    return [(name, "/".join(names[: number + 1]) + "/") for number, name in enumerate(names)]


PANEL = Panel(
    key="storage",
    title="Storage browser",
    about="Containers, blobs and their versions. Downloads are saved, never shown in the browser.",
    group=Group.DATA,
    icon="folder",
    template="storage.html",
    load=load,
)
