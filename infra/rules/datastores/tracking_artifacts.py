"""Where the artifacts of runs are: below one prefix of the artifact store, which is all that the server may use."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from infra.rules.roles import s3_actions as s3

PREFIX = "mlflow"
"""Folder of the artifact store's container."""

POLICY_VERSION = 1
"""Version of :func:`artifacts_policy`; raise it to update the policies of existing accounts."""

_KEY_LENGTH = 20
_OBJECTS = ("s3:GetObject", "s3:PutObject", *s3.UPLOAD_BLOB, *s3.DELETE_BLOB)


def access_key(workspace_id: str) -> str:
    """Access key of the service account of a workspace's tracking server."""
    digest = hashlib.sha256(f"{workspace_id}/tracking server".encode()).digest()
    return base64.b32encode(digest).decode()[:_KEY_LENGTH]


def artifacts_policy(container: str) -> dict[str, Any]:
    """The S3 policy document: full use of what is below the prefix, except that versions are kept."""
    bucket = f"arn:aws:s3:::{container}"
    below = {"StringLike": {"s3:prefix": [PREFIX, f"{PREFIX}/*"]}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(_OBJECTS), "Resource": [f"{bucket}/{PREFIX}/*"]},
            {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket], "Condition": below},
            {"Effect": "Allow", "Action": ["s3:GetBucketLocation"], "Resource": [bucket]},
        ],
    }
