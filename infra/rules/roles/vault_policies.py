"""Policies of the key vault, in HCL.

Vault denies everything that no policy grants, so the policies only list what is allowed. Soft delete, recovery and
purge are separate permissions, as in Azure: `data` DELETE and `delete` hide versions, `undelete` recovers them,
`destroy` and `metadata` DELETE purge. Purge protection removes the last two. Nothing else removes a version, because
the mounts keep more versions than a secret can have (:data:`MAX_VERSIONS`) and only the provisioner may change that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

ADMINISTRATOR = "administrator"
"""Policy of the stack's own token."""

SECRETS, DATASTORES, PRINCIPALS, PKI = "secret", "datastores", "principals", "pki"
"""Mounts of the secrets engines; the first three are KV version 2."""

PKI_ROLE = "services"
"""PKI role for the local names of the stack's services."""

MAX_VERSIONS = 1_000_000
"""Versions kept per secret. More than its metadata can list in one storage entry (1 MiB), so Vault rejects further
writes long before it would drop an old version. Vault uses the larger of this and the secret's own `max_versions`."""

_DATA = ("create", "read", "update", "patch", "delete", "list")
_METADATA = ("create", "read", "update", "patch", "list")

_SETUP: Mapping[str, Sequence[str]] = {
    "sys/mounts": ("read",),
    "sys/auth": ("read",),
    "sys/policies/acl": ("list",),
    "sys/policies/acl/*": ("read",),
    "sys/audit": ("read", "sudo"),
    "sys/storage/raft/snapshot": ("read",),
}
"""Read access to the vault's configuration, for auditors, and to snapshots, which are encrypted."""

_EMERGENCY: Mapping[str, Sequence[str]] = {"sys/seal": ("update", "sudo")}
"""Sealing the vault immediately after a leak; restarting its container, or an update, unseals it again."""

METADATA_PARAMETERS: Mapping[str, Sequence[str]] = {
    "custom_metadata": (),
    "cas_required": (),
    "delete_version_after": ("0s", "0"),
}
"""Metadata parameters that purge protection allows; hvac always sends `delete_version_after`, even if unchanged."""


def hcl(
    paths: Mapping[str, Sequence[str]],
    *,
    allowed_parameters: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> str:
    """Write a policy.

    Args:
        paths: Maps paths (a final `*` matches everything below, `+` one segment) to capabilities: `create`, `read`,
            `update`, `patch`, `delete`, `list`.
        allowed_parameters: For some of the paths, the only allowed parameters of a request, each with its allowed
            values; an empty list allows any value.
    """
    parameters = allowed_parameters or {}
    return "\n".join(_stanza(path, capabilities, parameters.get(path)) for path, capabilities in paths.items())


def principal_policy_name(principal: str) -> str:
    """Name of a principal's policy; Vault stores names of policies and users in lower case."""
    return f"principal-{principal.lower()}"


def administrator(*, purge_protection: bool) -> str:
    """Policy of the stack's own token: full access to data, none to the vault's configuration."""
    mounts = (SECRETS, DATASTORES, PRINCIPALS)
    paths = {path: rights for mount in mounts for path, rights in _key_values(mount, purge=not purge_protection)}
    limits = {f"{mount}/metadata/*": METADATA_PARAMETERS for mount in mounts} if purge_protection else None
    return hcl({**paths, **_certificates(), **_SETUP, **_EMERGENCY}, allowed_parameters=limits)


def sharer_name(workspace_id: str) -> str:
    """Name of the policy of a workspace that uses another stack's key vault."""
    return f"sharer-{workspace_id}"


def sharer(workspace_id: str, *, purge_protection: bool) -> str:
    """Policy of a sharing workspace's token: all secrets are shared, datastores only in its own folder.

    No access to principals, to the vault's configuration, or to certificates that clients of the owner would trust.
    """
    folder, purge = f"{workspace_id}/", not purge_protection
    paths = dict([*_key_values(SECRETS, purge=purge), *_key_values(DATASTORES, purge=purge, folder=folder)])
    limited = (f"{SECRETS}/metadata/*", f"{DATASTORES}/metadata/{folder}*")
    limits = {path: METADATA_PARAMETERS for path in limited} if purge_protection else None
    return hcl(paths, allowed_parameters=limits)


def _key_values(mount: str, *, purge: bool, folder: str = "") -> Sequence[tuple[str, Sequence[str]]]:
    return (
        (f"{mount}/data/{folder}*", _DATA),
        (f"{mount}/metadata/{folder}*", (*_METADATA, "delete") if purge else _METADATA),
        (f"{mount}/metadata/{folder}".rstrip("/"), ("list",)),
        (f"{mount}/subkeys/{folder}*", ("read",)),
        (f"{mount}/delete/{folder}*", ("update",)),
        (f"{mount}/undelete/{folder}*", ("update",)),
        (f"{mount}/config", ("read",)),
        *([(f"{mount}/destroy/{folder}*", ("update",))] if purge else []),
    )


def _certificates() -> Mapping[str, Sequence[str]]:
    return {
        f"{PKI}/issue/{PKI_ROLE}": ("update",),
        f"{PKI}/sign/{PKI_ROLE}": ("update",),
        f"{PKI}/revoke": ("update",),
        f"{PKI}/certs": ("list",),
        f"{PKI}/certs/*": ("list",),
        f"{PKI}/cert/*": ("read",),
        f"{PKI}/issuers": ("list",),
        f"{PKI}/issuer/+": ("read",),
        f"{PKI}/roles": ("list",),
        f"{PKI}/roles/*": ("read",),
    }


def _stanza(path: str, capabilities: Sequence[str], parameters: Mapping[str, Sequence[str]] | None) -> str:
    lines = [f"path {json.dumps(path)} {{", f"  capabilities = {json.dumps(list(capabilities))}"]
    if parameters:
        allowed = [f"    {json.dumps(name)} = {json.dumps(list(values))}" for name, values in parameters.items()]
        lines += ["  allowed_parameters = {", *allowed, "  }"]
    return "\n".join([*lines, "}", ""])
