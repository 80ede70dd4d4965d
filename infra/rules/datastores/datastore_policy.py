"""Permissions of a datastore's service account in the storage account."""

from __future__ import annotations

from typing import Any

from infra.rules.datastores.default_datastores import RECORD_KEY
from infra.rules.roles import s3_actions as s3

POLICY_VERSION = 2
"""Version of :func:`datastore_policy`; raise it to update the policies of existing accounts."""

_WRITE = (*s3.CHANGE_BLOB, *s3.UPLOAD_BLOB, *s3.DELETE_BLOB)


def datastore_policy(container: str, *, has_record: bool) -> dict[str, Any]:
    """The S3 policy document: full use of the container, except that versions are kept and the record is read-only."""
    bucket = f"arn:aws:s3:::{container}"
    allowed: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": [*s3.LIST_CONTAINER, *s3.LIST_UPLOADS], "Resource": [bucket]},
        {"Effect": "Allow", "Action": [*s3.READ_BLOB, *_WRITE], "Resource": [f"{bucket}/*"]},
    ]
    if has_record:
        allowed.append({"Effect": "Deny", "Action": list(_WRITE), "Resource": [f"{bucket}/{RECORD_KEY}"]})
    return {"Version": "2012-10-17", "Statement": allowed}
