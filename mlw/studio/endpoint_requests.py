"""What forms of the page of an endpoint do: send a request to it, and change its traffic."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.errors import MlWorkspaceError
from mlw.activity import recording
from mlw.online_endpoints import endpoint_changes, invoking
from mlw.online_endpoints.endpoint_commands import WRITTEN
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.stacks.stacks import context_of
from mlw.studio import endpoint_page, endpoint_section
from mlw.studio.page_templates import panel_url
from mlw.studio.panel import PanelRequest

if TYPE_CHECKING:
    from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

SHARE = "share."
_SHOWN_CHARACTERS = 64 << 10


def submit(request: PanelRequest, form: Mapping[str, str]) -> Mapping[str, Any] | str:
    """Do what a form asks for; what the page shows then, or the address to go to.

    Raises:
        MlWorkspaceError: The traffic was not changed.
    """
    workspace = endpoint_section.endpoints_of(request.access)
    name, action = form.get("endpoint", ""), form.get("action", "")
    if action == "traffic":
        _change_traffic(request, workspace, name, form)
        return panel_url(request.access.stack.name, "endpoints", endpoint=name)
    if action == "test":
        given = {key: form.get(key, "") for key in ("endpoint", "deployment", "body")}
        page = endpoint_page.read(replace(request, parameters=given), workspace)
        return {"has_front": True, "page": {**page, "result": _sent(workspace, given)}}
    raise MlWorkspaceError(f"changing online endpoint '{name}': there is no action '{action}'.")


def _sent(workspace: EndpointWorkspace, given: Mapping[str, str]) -> Mapping[str, Any]:
    """Send a request; the response, or why there is none."""
    begun = time.monotonic()
    try:
        text = invoking.invoke(workspace, given["endpoint"], given["body"].encode(), deployment=given["deployment"])
    except MlWorkspaceError as exc:
        return {"error": str(exc)[:_SHOWN_CHARACTERS]}
    return {
        "error": "",
        "text": text[:_SHOWN_CHARACTERS],
        "is_cut": len(text) > _SHOWN_CHARACTERS,
        "milliseconds": (time.monotonic() - begun) * 1000,
    }


def _change_traffic(
    request: PanelRequest, workspace: EndpointWorkspace, name: str, form: Mapping[str, str]
) -> None:  # fmt: skip
    wanted = " ".join(f"{key.removeprefix(SHARE)}={share}" for key, share in form.items() if key.startswith(SHARE))
    changed = endpoint_changes.of_options(wanted, None, (), name)

    def change(document: dict[str, Any]) -> None:
        found = endpoint_page.shares(document["traffic"])
        if found != form.get("before", ""):
            raise EndpointError(
                f"updating online endpoint '{name}': its traffic is '{found}', and the page showed "
                f"'{form.get('before', '')}': somebody changed it. Look at it again before you change it."
            )
        changed(document)

    stack = request.access.stack.name
    with recording.recorded(context_of(stack), WRITTEN, {"stack": stack, "name": name}):
        endpoint_changes.update(workspace, name, change)
