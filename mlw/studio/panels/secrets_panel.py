"""Secrets: names, versions and dates. Values are never read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from infra.clients.key_vault import vault_secrets
from infra.clients.key_vault.vault import Vault
from infra.clients.service_errors import at_key_vault
from infra.errors import ServiceError
from infra.rules.resources.component_types import KEY_VAULT
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.stack_access import NoAccessError

LONGEST_RETENTION_DAYS = 90
_DOING = "listing secrets"


def load(request: PanelRequest) -> Mapping[str, Any]:
    """List the secrets with their metadata."""
    connection = request.access.connection("keyVault", _DOING)
    try:
        with at_key_vault(connection.endpoint, _DOING):
            found = vault_secrets.list_secrets(Vault(connection), now=datetime.now(UTC))
    except ServiceError as exc:
        if request.access.principal and "Forbidden" in str(exc):
            raise NoAccessError(
                f"{_DOING}: the roles of principal '{request.access.principal}' do not include it. `mlw roles list` "
                "shows what they include."
            ) from exc
        raise
    wanted = request.text("filter").casefold()
    shown = [secret for secret in found if wanted in secret.name.casefold()]
    days = _retention_days(request)
    return {
        "secrets": [{"secret": one, "purged_on": one.purged_on(days)} for one in shown],
        "count": len(found),
        "filter": request.text("filter"),
    }


def _retention_days(request: PanelRequest) -> int:
    """Retention of the stack's own vault; of a shared one the longest that Azure allows."""
    own: list[Mapping[str, Any]] = [
        one["inputs"] for one in request.access.stack.components if one["type"] == KEY_VAULT
    ]
    return int(own[0].get("softDeleteRetentionInDays", LONGEST_RETENTION_DAYS)) if own else LONGEST_RETENTION_DAYS


PANEL = Panel(
    key="secrets",
    title="Secrets",
    about="Names and dates of the secrets in the key vault. Values are never read by this page.",
    group=Group.DATA,
    icon="key",
    template="secrets.html",
    load=load,
)
