"""Records of jobs, schedules, endpoints and assets: which operations read and change them in the artifact store.

A role that may write blobs or artifacts could otherwise change the record of a job, or an asset that cannot be changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from infra.rules.roles import role_operations as op
from infra.rules.roles import s3_actions as s3
from infra.rules.roles.storage_scope import StorageScope

RECORDS: Mapping[str, tuple[str, str, str]] = {
    "jobs/": (op.JOBS_READ, op.JOBS_WRITE, op.JOBS_DELETE),
    "job-": (op.JOBS_READ, op.JOBS_WRITE, op.JOBS_DELETE),
    "schedules/": (op.SCHEDULES_READ, op.SCHEDULES_WRITE, op.SCHEDULES_DELETE),
    "online-endpoints/": (op.ONLINE_ENDPOINTS_READ, op.ONLINE_ENDPOINTS_WRITE, op.ONLINE_ENDPOINTS_DELETE),
    "batch-endpoints/": (op.BATCH_ENDPOINTS_READ, op.BATCH_ENDPOINTS_WRITE, op.BATCH_ENDPOINTS_DELETE),
    "batch-jobs/": (op.BATCH_ENDPOINTS_READ, op.BATCH_ENDPOINTS_INVOKE, op.BATCH_ENDPOINTS_DELETE),
    "assets/data/": (op.DATA_READ, op.DATA_WRITE, op.DATA_DELETE),
    "assets/environment/": (op.ENVIRONMENTS_READ, op.ENVIRONMENTS_WRITE, op.ENVIRONMENTS_DELETE),
    "assets/component/": (op.COMPONENTS_READ, op.COMPONENTS_WRITE, op.COMPONENTS_DELETE),
}
"""Maps folders of the artifact store to the operations that read, write and delete the records in them.

`job-` is the beginning of several: the queue, requests to cancel, the index.
"""


def allowed_records(operations: Collection[str], scope: StorageScope) -> list[dict[str, Any]]:
    """Statements for principals that have no access to the whole artifact store.

    Args:
        operations: The allowed operations.
        scope: Where they are allowed.
    """
    allowed, found = set(operations), []
    store = f"arn:aws:s3:::{scope.artifact_store}"
    for folder, (reads, writes, deletes) in RECORDS.items():
        records = [f"{store}/{folder}*"]
        if reads in allowed and not allowed & {op.ARTIFACTS_READ, op.BLOBS_READ}:
            listed = _statement("Allow", ["s3:ListBucket"], [store])
            found.append(listed | {"Condition": {"StringLike": {"s3:prefix": [f"{folder}*"]}}})
            found.append(_statement("Allow", ["s3:GetBucketLocation"], [store]))
            found.append(_statement("Allow", s3.READ_BLOB, records))
        if writes in allowed and not allowed & {op.ARTIFACTS_WRITE, op.BLOBS_WRITE}:
            found.append(_statement("Allow", [*s3.CHANGE_BLOB, *s3.UPLOAD_BLOB], records))
        if deletes in allowed and op.BLOBS_DELETE not in allowed:
            found.append(_statement("Allow", s3.DELETE_BLOB, records))
    return found


def denied_records(operations: Collection[str], scope: StorageScope) -> list[dict[str, Any]]:
    """Statements that deny changes to those that have rights on blobs or artifacts alone; arguments as above."""
    found = []
    for folder, (_, writes, deletes) in RECORDS.items():
        denied = [
            *(() if writes in operations else s3.CHANGE_BLOB),
            *(() if deletes in operations else s3.DELETE_BLOB),
        ]
        if denied:
            found.append(_statement("Deny", denied, [f"arn:aws:s3:::{scope.artifact_store}/{folder}*"]))
    return found


def _statement(effect: str, actions: Collection[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": effect, "Action": sorted(actions), "Resource": resources}
