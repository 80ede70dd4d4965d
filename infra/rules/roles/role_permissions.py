"""Translate operations for each service: a Vault policy, an S3 policy document, an access level of the registry.

Never grants more than the operations say: permissions that a service can't separate are granted only if all of them are
allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from infra.rules.datastores.default_datastores import RECORD_KEY
from infra.rules.roles import role_operations as op
from infra.rules.roles import s3_actions as s3
from infra.rules.roles.record_access import allowed_records, denied_records
from infra.rules.roles.storage_scope import NO_ADMINISTRATION, WHOLE_ACCOUNT, StorageScope
from infra.rules.roles.vault_policies import (
    DATASTORES,
    METADATA_PARAMETERS,
    PKI,
    PKI_ROLE,
    PRINCIPALS,
    SECRETS,
    hcl,
)

COMPUTES = "computes"
"""Folder of the computes' secrets in the mount `secret`."""

ONLINE_ENDPOINTS = "online-endpoints"
"""Folder of the online endpoints' keys in the mount `secret`."""

_READ_BLOBS = (*s3.LIST_CONTAINER, *s3.READ_BLOB)
_WRITE_BLOBS = (*s3.CHANGE_BLOB, *s3.UPLOAD_BLOB, *s3.LIST_UPLOADS)

_CHANGE_RECORD = (*s3.CHANGE_BLOB, *s3.DELETE_BLOB)

_STORAGE: Mapping[str, tuple[str, ...]] = {
    # Not `ListAllMyBuckets`: without it, MinIO lists only the containers that the user may access.
    op.CONTAINERS_READ: ("s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:GetBucketTagging"),
    op.CONTAINERS_WRITE: ("s3:CreateBucket",),
    op.CONTAINERS_DELETE: ("s3:DeleteBucket",),
    op.BLOBS_READ: _READ_BLOBS,
    op.BLOBS_WRITE: _WRITE_BLOBS,
    op.BLOBS_DELETE: s3.DELETE_BLOB,
    op.BLOBS_DELETE_VERSION: s3.DELETE_VERSION,
}  # fmt: skip
"""Maps operations on all containers of the workspace to S3 actions."""

_Rules = dict[str, set[str]]


def registry_access(operations: Iterable[str]) -> Literal["none", "pull", "push"]:
    """The registry has three access levels; `push` includes pull and delete, so it requires all three operations."""
    allowed = set(operations)
    if allowed >= {op.IMAGES_PULL, op.IMAGES_PUSH, op.IMAGES_DELETE}:
        return "push"
    return "pull" if op.IMAGES_PULL in allowed else "none"


def sends_telemetry(operations: Iterable[str]) -> bool:
    """Whether the operations include sending telemetry."""
    return op.TELEMETRY_WRITE in set(operations)


def reads_insights(operations: Iterable[str]) -> bool:
    """Whether the operations include querying telemetry."""
    return op.TELEMETRY_QUERY in set(operations)


def tracking_operations(operations: Iterable[str]) -> list[str]:
    """The operations of the tracking server among ``operations``, in its short form, sorted."""
    return sorted(op.short_form(name) for name in operations if op.OPERATIONS[name].service is op.Service.TRACKING)


def storage_policy(
    operations: Iterable[str], scope: StorageScope = WHOLE_ACCOUNT, *, has_jobs: bool = False
) -> dict[str, Any] | None:
    """The S3 policy document; None without any permission in the storage account.

    The deny statements are required: unless denied, MinIO lets users administer themselves, and lets a user with
    permission to delete an object delete its versions (cmd/admin-handlers-users.go, cmd/auth-handler.go).

    Args:
        operations: The allowed operations.
        scope: Where they are allowed.
        has_jobs: Whether the workspace has jobs, whose records in the artifact store only operations on jobs and assets
            may change.
    """
    allowed = set(operations)
    granted = [*_granted(allowed, scope), *(allowed_records(allowed, scope) if has_jobs else [])]
    if not granted:
        return None
    denied = [*_denied(allowed, scope), *(denied_records(allowed, scope) if has_jobs else [])]
    return {"Version": "2012-10-17", "Statement": [*granted, *denied, NO_ADMINISTRATION]}


def _granted(allowed: set[str], scope: StorageScope) -> list[dict[str, Any]]:
    actions = {action for name in allowed for action in _STORAGE.get(name, ())}
    store = [f"arn:aws:s3:::{scope.artifact_store}{below}" for below in ("", "/*")]
    statements = [_statement("Allow", actions, scope.resources)] if actions else []
    if op.ARTIFACTS_READ in allowed and op.BLOBS_READ not in allowed:
        statements.append(_statement("Allow", _READ_BLOBS, store))
    if op.ARTIFACTS_WRITE in allowed and op.BLOBS_WRITE not in allowed:
        statements.append(_statement("Allow", _WRITE_BLOBS, store))
    if op.WORKSPACE_READ in allowed:
        statements.append(_statement("Allow", ("s3:GetObject",), _record(scope)))
    if op.WORKSPACE_WRITE in allowed:
        statements.append(_statement("Allow", _CHANGE_RECORD, _record(scope)))
    return statements


def _denied(allowed: set[str], scope: StorageScope) -> list[dict[str, Any]]:
    statements = []
    if op.WORKSPACE_WRITE not in allowed:
        statements.append(_statement("Deny", (*_CHANGE_RECORD, *s3.DELETE_VERSION), _record(scope)))
    if op.BLOBS_DELETE_VERSION not in allowed:
        statements.append(_statement("Deny", s3.DELETE_VERSION, scope.resources))
    return statements


def _record(scope: StorageScope) -> list[str]:
    return [f"arn:aws:s3:::{scope.artifact_store}/{RECORD_KEY}"]


def vault_policy(operations: Iterable[str], *, principal: str, purge_protection: bool) -> str:
    """The policy of a principal in the key vault.

    Args:
        operations: The principal's operations.
        principal: Its name; it may read its own credentials.
        purge_protection: True if no role allows purging.
    """
    allowed = set(operations) - ({op.SECRETS_PURGE} if purge_protection else set())
    rules = vault_rights(allowed, principal=principal)
    limited = {
        path: METADATA_PARAMETERS
        for path, capabilities in rules.items()
        if path.startswith(f"{SECRETS}/metadata/") and "update" in capabilities
    }
    return hcl(rules, allowed_parameters={} if op.SECRETS_PURGE in allowed else limited)


def vault_rights(allowed: set[str], *, principal: str) -> dict[str, tuple[str, ...]]:
    """Map paths of the key vault to capabilities, sorted.

    A longer path overrides a shorter one, so operations that are not allowed on computes and endpoints are denied
    explicitly there.
    """
    rules: _Rules = {
        f"{PRINCIPALS}/data/{principal}": {"read"},
        "auth/token/lookup-self": {"read"},
        "auth/token/renew-self": {"update"},
        "auth/token/revoke-self": {"update"},
    }
    secrets = _secrets(allowed)
    for part, capabilities in secrets.items():
        rules[f"{SECRETS}/{part}/*"] = capabilities
    for folder, below, can_list in (
        (COMPUTES, _computes(allowed), op.COMPUTES_READ in allowed),
        (ONLINE_ENDPOINTS, _online_endpoints(allowed), op.ONLINE_ENDPOINTS_READ in allowed),
    ):
        for part in {*secrets, *below}:
            rules[f"{SECRETS}/{part}/{folder}/*"] = below.get(part, {"deny"})
            if part == "metadata":
                # Vault also checks a listing without the slash, and either one is enough.
                rules[f"{SECRETS}/{part}/{folder}"] = {"list"} if can_list else {"deny"}
    # One segment (+): datastores of another stack's workspace that uses this key vault are in a subfolder.
    _give(rules, f"{DATASTORES}/metadata/", ("list",), op.DATASTORES_READ in allowed)
    _give(rules, f"{DATASTORES}/metadata/+", ("read",), op.DATASTORES_READ in allowed)
    _give(rules, f"{DATASTORES}/data/+", ("read",), op.DATASTORES_LIST_SECRETS in allowed)
    for path in ("certs", "certs/*", "cert/*", "issuers"):
        _give(rules, f"{PKI}/{path}", ("list", "read"), op.CERTIFICATES_READ in allowed)
    for path in ("issue", "sign"):
        _give(rules, f"{PKI}/{path}/{PKI_ROLE}", ("update",), op.CERTIFICATES_CREATE in allowed)
    return {path: tuple(sorted(rules[path])) for path in sorted(rules)}


def _secrets(allowed: set[str]) -> _Rules:
    """Map the prefixes of the mount `secret` to capabilities, everywhere except under `computes/`."""
    rules: _Rules = {}
    _give(rules, "metadata", ("list", "read"), op.SECRETS_READ_METADATA in allowed)
    _give(rules, "metadata", ("create", "patch", "update"), op.SECRETS_UPDATE in allowed)
    _give(rules, "data", ("read",), op.SECRETS_GET in allowed)
    _give(rules, "data", ("create", "patch", "update"), op.SECRETS_SET in allowed)
    _give(rules, "data", ("delete",), op.SECRETS_DELETE in allowed)
    _give(rules, "delete", ("update",), op.SECRETS_DELETE in allowed)
    _give(rules, "undelete", ("update",), op.SECRETS_RECOVER in allowed)
    _give_purge(rules, allowed)
    return rules


def _computes(allowed: set[str]) -> _Rules:
    """Like :func:`_secrets`, for secrets under `computes/`."""
    rules: _Rules = {}
    _give(rules, "metadata", ("list", "read"), op.COMPUTES_READ in allowed)
    _give(rules, "metadata", ("create", "patch", "update"), op.COMPUTES_WRITE in allowed)
    _give(rules, "data", ("read",), op.COMPUTES_LIST_KEYS in allowed)
    _give(rules, "data", ("create", "patch", "update"), op.COMPUTES_WRITE in allowed)
    _give(rules, "data", ("delete",), op.COMPUTES_DELETE in allowed)
    _give(rules, "delete", ("update",), op.COMPUTES_DELETE in allowed)
    _give(rules, "undelete", ("update",), op.COMPUTES_WRITE in allowed)
    _give_purge(rules, allowed)
    return rules


def _online_endpoints(allowed: set[str]) -> _Rules:
    """Like :func:`_secrets`, for keys under `online-endpoints/`."""
    rules: _Rules = {}
    _give(rules, "metadata", ("list", "read"), op.ONLINE_ENDPOINTS_READ in allowed)
    _give(rules, "data", ("read",), op.ONLINE_ENDPOINTS_SCORE in allowed)
    _give(rules, "data", ("create", "patch", "update"), op.ONLINE_ENDPOINTS_WRITE in allowed)
    _give(rules, "data", ("delete",), op.ONLINE_ENDPOINTS_DELETE in allowed)
    _give(rules, "delete", ("update",), op.ONLINE_ENDPOINTS_DELETE in allowed)
    _give_purge(rules, allowed)
    return rules


def _give_purge(rules: _Rules, allowed: set[str]) -> None:
    """Purging is one permission for the whole vault, as in Azure."""
    _give(rules, "destroy", ("update",), op.SECRETS_PURGE in allowed)
    _give(rules, "metadata", ("delete",), op.SECRETS_PURGE in allowed)


def _give(rules: _Rules, path: str, capabilities: Iterable[str], allowed: bool) -> None:  # noqa: FBT001 - a table reads
    if allowed:
        rules.setdefault(path, set()).update(capabilities)


def _statement(effect: str, actions: Iterable[str], resources: Iterable[str]) -> dict[str, Any]:
    return {"Effect": effect, "Action": sorted(actions), "Resource": list(resources)}
