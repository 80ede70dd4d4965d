"""Records of jobs and assets in the artifact store: read and changed by their own operations only."""

from typing import Any

import pytest

from infra.rules.roles import role_operations as op
from infra.rules.roles.record_access import RECORDS
from infra.rules.roles.role_definitions import find_role
from infra.rules.roles.role_permissions import storage_policy
from infra.rules.roles.storage_scope import sharers_scope

JOBS = "arn:aws:s3:::azureml/jobs/*"


def statements(*operations: str, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any argument of the policy
    policy = storage_policy(operations, has_jobs=True, **more)
    return [] if policy is None else policy["Statement"]


def actions(found: list[dict[str, Any]], effect: str, resource: str) -> set[str]:
    return {
        action
        for one in found
        if one["Effect"] == effect and resource in one.get("Resource", ())
        for action in one["Action"]
    }


def of_role(name: str) -> list[dict[str, Any]]:
    role = find_role(name)
    assert role is not None
    return statements(*role.operations)


def test_without_jobs_the_policy_says_nothing_of_their_records() -> None:
    for role in ("Owner", "Reader", "DataScientist", "ComputeIdentity"):
        found = find_role(role)
        assert found is not None
        assert "jobs/" not in str(storage_policy(found.operations))
        assert "assets/" not in str(storage_policy(found.operations))


def test_the_identity_of_a_job_cannot_change_records_of_jobs_but_registers_data() -> None:
    found = of_role("ComputeIdentity")

    assert {"s3:PutObject", "s3:DeleteObject"} <= actions(found, "Deny", JOBS)
    assert "s3:PutObject" in actions(found, "Deny", "arn:aws:s3:::azureml/assets/component/*")
    assert "s3:PutObject" not in actions(found, "Deny", "arn:aws:s3:::azureml/assets/data/*")
    assert "s3:DeleteObject" in actions(found, "Deny", "arn:aws:s3:::azureml/assets/data/*")


@pytest.mark.parametrize("role", ["Owner", "Contributor", "DataScientist"])
def test_roles_that_work_with_jobs_may_change_every_record(role: str) -> None:
    found = of_role(role)

    assert [folder for folder in RECORDS if actions(found, "Deny", f"arn:aws:s3:::azureml/{folder}*")] == []


def test_an_operation_on_jobs_alone_gives_access_to_their_records_only() -> None:
    found = statements(op.JOBS_READ, op.JOBS_WRITE, op.JOBS_DELETE)

    assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"} <= actions(found, "Allow", JOBS)
    assert actions(found, "Allow", "arn:aws:s3:::azureml") == {"s3:ListBucket", "s3:GetBucketLocation"}
    listed = [one["Condition"] for one in found if "Condition" in one]
    assert listed == [{"StringLike": {"s3:prefix": [prefix]}} for prefix in ("jobs/*", "job-*")]
    assert "s3:PutObject" in actions(found, "Deny", "arn:aws:s3:::azureml/assets/data/*")


def test_nothing_is_granted_without_an_operation() -> None:
    assert statements() == []


def test_records_of_a_workspace_in_another_stacks_account_are_in_its_own_container() -> None:
    found = statements(op.BLOBS_WRITE, scope=sharers_scope("guid", []))

    assert {"s3:PutObject"} <= actions(found, "Deny", "arn:aws:s3:::azureml-guid/jobs/*")


def test_who_invokes_batch_endpoints_does_not_change_them() -> None:
    found = statements(op.BATCH_ENDPOINTS_READ, op.BATCH_ENDPOINTS_INVOKE)

    assert "s3:PutObject" in actions(found, "Allow", "arn:aws:s3:::azureml/batch-jobs/*")
    assert "s3:PutObject" in actions(found, "Deny", "arn:aws:s3:::azureml/batch-endpoints/*")
    assert "s3:PutObject" in actions(found, "Deny", JOBS)
