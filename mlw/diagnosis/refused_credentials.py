"""Explains why a service rejects a stack's credentials, and what to run."""

from __future__ import annotations

from infra.services import KEY_VAULT, STORAGE_ACCOUNT
from mlw.diagnosis.diagnosed_services import DiagnosedService
from mlw.stacks.stacks import open_stack


def explain(service: DiagnosedService) -> str:
    """The cause, in complete sentences."""
    owner, sharer = service.owner, service.sharer
    if sharer and service.service is KEY_VAULT:
        return (
            f"The token that stack '{sharer}' has in the key vault of stack '{owner}' was revoked there, or the "
            f"vault was restored from an older snapshot. Run `pulumi refresh -s {sharer}` and `make up "
            f"STACK={sharer}`, which restore its access."
        )
    if sharer and service.service is STORAGE_ACCOUNT:
        user = service.connection.credentials.get("accessKey", "")
        return (
            f"The user '{user}', which stack '{sharer}' has in the account of stack '{owner}', is missing or has "
            f"another secret: the account was changed by hand. Run `pulumi refresh -s {sharer}` and `make up "
            f"STACK={sharer}`, which restore its access."
        )
    if sharer and _owners_credentials(service) != service.connection.credentials:
        return (
            f"Stack '{owner}', which owns it, has rotated them since the last update of stack '{sharer}'. Run `make "
            f"up STACK={sharer}`, which fetches the new credentials."
        )
    return f"They were changed or revoked by hand; `mlw keys {owner}` shows the right ones."


def _owners_credentials(service: DiagnosedService) -> object:
    return open_stack(service.owner).credentials().get(service.service.credentials_key)
