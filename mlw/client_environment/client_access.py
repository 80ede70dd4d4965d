"""What a client gets of a workspace: with the stack's own credentials, or with those of a principal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.client_variables import Access
from infra.clients.state import stack_states
from infra.host import atomic_files
from infra.host.project import PROJECT
from mlw.activity.recorded import LIST_KEYS
from mlw.activity.recording import recorded
from mlw.client_environment.trusted_certificates import trusted_here
from mlw.stacks.stacks import Stack, open_stack

CA_FILE, CA_BUNDLE = "ca.pem", "ca-bundle.pem"
"""Files in the stack's private folder, which `make down` removes. CA certificates are public."""


def access_of(stack: Stack, principal: str | None) -> Access:
    """Collect endpoints, credentials and CA certificates; recorded in the activity log as a listing of keys.

    Args:
        stack: A stack that is up.
        principal: Name of the principal; None for the stack's own credentials.

    Raises:
        NotUpError: The stack has never been deployed successfully.
        NoSuchPrincipalError: It has no such principal.
        WrongPassphraseError: The passphrase does not decrypt the credentials.
    """
    endpoints: Mapping[str, str] = stack.require_outputs()["endpoints"]
    credentials: Mapping[str, Mapping[str, str]]
    with recorded(stack.context, LIST_KEYS, {"principal": principal}):
        if principal is None:
            credentials = stack.credentials()
        else:
            from mlw.client_environment import principal_access  # noqa: PLC0415 - needs the key vault's client

            endpoints, credentials = principal_access.access_of_principal(stack, principal, endpoints)
    return Access(endpoints=endpoints, credentials=credentials, **(_tls(stack) if stack.ca_certificate else {}))


def _tls(stack: Stack) -> dict[str, Any]:
    bundle = "\n".join(
        dict.fromkeys(
            filter(None, (trusted_here(except_file=stack.context.workdir / CA_BUNDLE), stack.ca_certificate.strip()))
        )
    )
    return {
        "ca_file": _write(stack.context.workdir / CA_FILE, stack.ca_certificate),
        "ca_bundle": _write(stack.context.workdir / CA_BUNDLE, bundle + "\n"),
        "registry_scheme": registry_scheme(stack),
    }


def registry_scheme(stack: Stack) -> str:
    """Whether a workspace's registry, which may be another stack's, is served over TLS: `https` or `http`."""
    return "https" if stack.ca_certificate and _owner_of_registry(stack).serves_tls else "http"


def _owner_of_registry(stack: Stack) -> Stack:
    identity = str(stack.outputs["workspace"]["containerRegistry"]).casefold()
    others = stack_states.deployed(project=PROJECT, except_stack=stack.name)
    owner = next((one.stack for one in others if one.resource_id.casefold() == identity), None)
    return open_stack(owner) if owner else stack


def _write(path: Path, content: str) -> Path:
    atomic_files.write(path, content)
    return path
