"""What a set of operations means in each service: a Vault policy, an S3 policy document, an access of the registry.

Never gives more than the operations say: what a service can't part is given only when all of it is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from infra.rules.datastores.default_datastores import RECORD_KEY
from infra.rules.roles import role_operations as op
from infra.rules.roles import s3_actions as s3
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

_READ_BLOBS = (*s3.LIST_CONTAINER, *s3.READ_BLOB)
_WRITE_BLOBS = (*s3.CHANGE_BLOB, *s3.UPLOAD_BLOB, *s3.LIST_UPLOADS)

_CHANGE_RECORD = (*s3.CHANGE_BLOB, *s3.DELETE_BLOB)

_STORAGE: Mapping[str, tuple[str, ...]] = {
    # Not `ListAllMyBuckets`: without it MinIO lists the containers that one may see, and nobody else's.
    op.CONTAINERS_READ: ("s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:GetBucketTagging"),
    op.CONTAINERS_WRITE: ("s3:CreateBucket",),
    op.CONTAINERS_DELETE: ("s3:DeleteBucket",),
    op.BLOBS_READ: _READ_BLOBS,
    op.BLOBS_WRITE: _WRITE_BLOBS,
    op.BLOBS_DELETE: s3.DELETE_BLOB,
    op.BLOBS_DELETE_VERSION: s3.DELETE_VERSION,
}  # fmt: skip
"""Operation on every container of the workspace to S3's actions."""

_Rules = dict[str, set[str]]


def registry_access(operations: Iterable[str]) -> Literal["none", "pull", "push"]:
    """The registry knows three rights of users; `push` pulls and deletes as well, so it takes all three rights."""
    allowed = set(operations)
    if allowed >= {op.IMAGES_PULL, op.IMAGES_PUSH, op.IMAGES_DELETE}:
        return "push"
    return "pull" if op.IMAGES_PULL in allowed else "none"


def sends_telemetry(operations: Iterable[str]) -> bool:
    """Whether telemetry is taken."""
    return op.TELEMETRY_WRITE in set(operations)


def storage_policy(operations: Iterable[str], scope: StorageScope = WHOLE_ACCOUNT) -> dict[str, Any] | None:
    """The S3 policy document; None without any right in the storage account.

    Its denials are needed: MinIO lets a user administrate himself, and lets who may delete an object delete versions
    of it, unless that is denied (cmd/admin-handlers-users.go, cmd/auth-handler.go).

    Args:
        operations: What is allowed.
        scope: Where.
    """
    allowed = set(operations)
    actions = {action for name in allowed for action in _STORAGE.get(name, ())}
    store = [f"arn:aws:s3:::{scope.artifact_store}{below}" for below in ("", "/*")]
    record = [f"arn:aws:s3:::{scope.artifact_store}/{RECORD_KEY}"]
    statements = [_statement("Allow", actions, scope.resources)] if actions else []
    if op.ARTIFACTS_READ in allowed and op.BLOBS_READ not in allowed:
        statements.append(_statement("Allow", _READ_BLOBS, store))
    if op.ARTIFACTS_WRITE in allowed and op.BLOBS_WRITE not in allowed:
        statements.append(_statement("Allow", _WRITE_BLOBS, store))
    if op.WORKSPACE_READ in allowed:
        statements.append(_statement("Allow", ("s3:GetObject",), record))
    if op.WORKSPACE_WRITE in allowed:
        statements.append(_statement("Allow", _CHANGE_RECORD, record))
    if not statements:
        return None
    if op.WORKSPACE_WRITE not in allowed:
        statements.append(_statement("Deny", (*_CHANGE_RECORD, *s3.DELETE_VERSION), record))
    if op.BLOBS_DELETE_VERSION not in allowed:
        statements.append(_statement("Deny", s3.DELETE_VERSION, scope.resources))
    return {"Version": "2012-10-17", "Statement": [*statements, NO_ADMINISTRATION]}


def vault_policy(operations: Iterable[str], *, principal: str, purge_protection: bool) -> str:
    """The key vault's policy.

    Args:
        operations: What the principal may do.
        principal: Its name; it reads its own credentials.
        purge_protection: True if nobody may purge, whatever his role.
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
    """Paths of the key vault to capabilities, sorted.

    A longer path wins over a shorter one, so what a folder of computes does not allow is denied there in so many words.
    """
    rules: _Rules = {
        f"{PRINCIPALS}/data/{principal}": {"read"},
        "auth/token/lookup-self": {"read"},
        "auth/token/renew-self": {"update"},
        "auth/token/revoke-self": {"update"},
    }
    secrets, computes = _secrets(allowed), _computes(allowed)
    for part in {*secrets, *computes}:
        if part in secrets:
            rules[f"{SECRETS}/{part}/*"] = secrets[part]
        rules[f"{SECRETS}/{part}/{COMPUTES}/*"] = computes.get(part, {"deny"})
        if part == "metadata":
            # Vault asks for a listing without the slash as well, and is content if either is allowed.
            rules[f"{SECRETS}/{part}/{COMPUTES}"] = {"list"} if op.COMPUTES_READ in allowed else {"deny"}
    # One segment (+): in a folder of its own lie the datastores of another stack's workspace that uses this key vault.
    _give(rules, f"{DATASTORES}/metadata/", ("list",), op.DATASTORES_READ in allowed)
    _give(rules, f"{DATASTORES}/metadata/+", ("read",), op.DATASTORES_READ in allowed)
    _give(rules, f"{DATASTORES}/data/+", ("read",), op.DATASTORES_LIST_SECRETS in allowed)
    for path in ("certs", "certs/*", "cert/*", "issuers"):
        _give(rules, f"{PKI}/{path}", ("list", "read"), op.CERTIFICATES_READ in allowed)
    for path in ("issue", "sign"):
        _give(rules, f"{PKI}/{path}/{PKI_ROLE}", ("update",), op.CERTIFICATES_CREATE in allowed)
    return {path: tuple(sorted(rules[path])) for path in sorted(rules)}


def _secrets(allowed: set[str]) -> _Rules:
    """Part of the mount `secret` to capabilities, everywhere but under `computes/`."""
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
    """The same under `computes/`."""
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


def _give_purge(rules: _Rules, allowed: set[str]) -> None:
    """Purging is one right for the whole vault, as in Azure."""
    _give(rules, "destroy", ("update",), op.SECRETS_PURGE in allowed)
    _give(rules, "metadata", ("delete",), op.SECRETS_PURGE in allowed)


def _give(rules: _Rules, path: str, capabilities: Iterable[str], allowed: bool) -> None:  # noqa: FBT001 - a table reads
    if allowed:
        rules.setdefault(path, set()).update(capabilities)


def _statement(effect: str, actions: Iterable[str], resources: Iterable[str]) -> dict[str, Any]:
    return {"Effect": effect, "Action": sorted(actions), "Resource": list(resources)}
