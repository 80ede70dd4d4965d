"""What each role allows: the table of docs/roles.md, repeated by hand."""

import pytest

from infra.rules.roles import role_operations as op
from infra.rules.roles.role_definitions import BUILT_IN, RoleDefinition, find_role, matching, nearest_role
from infra.rules.roles.role_operations import OPERATIONS

TRACKING_READS = {op.EXPERIMENTS_READ, op.RUNS_READ, op.MODELS_READ}
TRACKING = TRACKING_READS | {
    op.EXPERIMENTS_WRITE, op.EXPERIMENTS_DELETE, op.RUNS_WRITE, op.RUNS_DELETE, op.MODELS_WRITE, op.MODELS_DELETE,
}  # fmt: skip
JOB_READS = {op.JOBS_READ, op.DATA_READ, op.ENVIRONMENTS_READ, op.COMPONENTS_READ}
JOBS = JOB_READS | {
    op.JOBS_WRITE, op.JOBS_DELETE, op.DATA_WRITE, op.DATA_DELETE, op.ENVIRONMENTS_WRITE, op.ENVIRONMENTS_DELETE,
    op.COMPONENTS_WRITE, op.COMPONENTS_DELETE, op.SCHEDULES_WRITE, op.SCHEDULES_DELETE, op.BATCH_ENDPOINTS_WRITE,
    op.BATCH_ENDPOINTS_DELETE, op.BATCH_ENDPOINTS_INVOKE,
}  # fmt: skip
POWER = {op.COMPUTES_START, op.COMPUTES_STOP, op.COMPUTES_RESTART}
READS = TRACKING_READS | JOB_READS | {
    op.SCHEDULES_READ, op.ONLINE_ENDPOINTS_READ, op.BATCH_ENDPOINTS_READ, op.WORKSPACE_READ,
    op.DATASTORES_READ, op.COMPUTES_READ, op.ARTIFACTS_READ, op.SECRETS_READ_METADATA,
    op.CERTIFICATES_READ, op.CONTAINERS_READ, op.IMAGES_PULL,
    op.TELEMETRY_QUERY,
}  # fmt: skip
ENDPOINTS = {
    op.ONLINE_ENDPOINTS_READ, op.ONLINE_ENDPOINTS_WRITE, op.ONLINE_ENDPOINTS_DELETE, op.ONLINE_ENDPOINTS_SCORE,
}  # fmt: skip
EXPECTED = {
    "Owner": set(OPERATIONS),
    "Contributor": set(OPERATIONS) - {op.SECRETS_PURGE, op.BLOBS_DELETE_VERSION},
    "Reader": READS,
    "AzureML Data Scientist": READS
    | TRACKING
    | JOBS
    | POWER
    | ENDPOINTS
    | {
        op.DATASTORES_LIST_SECRETS, op.ARTIFACTS_WRITE, op.SECRETS_GET, op.SECRETS_SET, op.SECRETS_UPDATE,
        op.SECRETS_DELETE, op.SECRETS_RECOVER, op.BLOBS_READ, op.BLOBS_WRITE, op.BLOBS_DELETE, op.IMAGES_PUSH,
        op.IMAGES_DELETE, op.TELEMETRY_WRITE,
    },
    "AzureML Compute Operator": POWER | {
        op.COMPUTES_READ, op.COMPUTES_WRITE, op.COMPUTES_DELETE, op.COMPUTES_LIST_KEYS, op.IMAGES_PULL,
        op.TELEMETRY_WRITE,
    },
    "Key Vault Purge Operator": {op.SECRETS_READ_METADATA, op.SECRETS_PURGE},
    "AzureML Compute Identity": JOB_READS
    | TRACKING_READS
    | {
        op.WORKSPACE_READ, op.DATASTORES_READ, op.ARTIFACTS_READ, op.ARTIFACTS_WRITE, op.EXPERIMENTS_WRITE,
        op.RUNS_WRITE, op.MODELS_WRITE, op.DATA_WRITE, op.CONTAINERS_READ, op.IMAGES_PULL, op.SECRETS_GET,
        op.BLOBS_READ, op.BLOBS_WRITE, op.TELEMETRY_WRITE,
    },
}  # fmt: skip


@pytest.mark.parametrize("role", BUILT_IN, ids=lambda role: role.name)
def test_built_in_role_allows_exactly_its_operations(role: RoleDefinition) -> None:
    assert role.operations == EXPECTED[role.name]


@pytest.mark.parametrize("role", BUILT_IN, ids=lambda role: role.name)
def test_every_pattern_of_a_built_in_role_matches_something(role: RoleDefinition) -> None:
    patterns = [(pattern, False) for pattern in (*role.actions, *role.not_actions)]
    patterns += [(pattern, True) for pattern in (*role.data_actions, *role.not_data_actions)]

    assert [pattern for pattern, data in patterns if not matching((pattern,), data=data)] == []


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("AzureML Data Scientist", "AzureML Data Scientist"),
        ("azureml data scientist", "AzureML Data Scientist"),
        ("DataScientist", "AzureML Data Scientist"),
        ("DATASCIENTIST", "AzureML Data Scientist"),
        ("computeoperator", "AzureML Compute Operator"),
        ("reader", "Reader"),
        ("auditor", "Auditor"),
    ],
)
def test_a_role_is_found_by_name_or_alias_in_any_case(written: str, name: str) -> None:
    found = find_role(written, [RoleDefinition(name="Auditor", description="")])

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("written", ["", "Data Scientist", "Azure ML Data Scientist", "*", "Guest"])
def test_unknown_role_is_not_found(written: str) -> None:
    assert find_role(written) is None


@pytest.mark.parametrize(
    ("written", "alias"),
    [("DataScience", "DataScientist"), ("ComputeOperater", "ComputeOperator"), ("data scientist", "DataScientist")],
)
def test_a_misspelt_role_has_a_proposal(written: str, alias: str) -> None:
    near = nearest_role(written)

    assert near is not None
    assert near.alias == alias


def test_dissimilar_role_name_has_no_suggestion() -> None:
    assert nearest_role("xyzzy") is None


@pytest.mark.parametrize(
    ("pattern", "data", "expected"),
    [
        ("microsoft.keyvault/VAULTS/secrets/getsecret/ACTION", True, {op.SECRETS_GET}),
        ("Microsoft.KeyVault/vaults/certificates/*", True, {op.CERTIFICATES_READ, op.CERTIFICATES_CREATE}),
        ("Microsoft.ContainerRegistry/*/read", False, {op.IMAGES_PULL}),
        ("Microsoft.KeyVault/vaults/secrets/getSecret/action", False, set()),
        ("Microsoft.KeyVault/vaults/secrets", True, set()),
        ("Microsoft.KeyVault/vaults/secrets/getSecret", True, set()),
        ("Microsoft?KeyVault/vaults/secrets/getSecret/action", True, set()),
        ("Microsoft.Insights/Telemetry.Write", True, set()),
        ("", True, set()),
    ],
    ids=[
        "case does not matter",
        "a star at the end",
        "a star in the middle spans segments",
        "a data operation is no action",
        "a beginning is no match",
        "a part is no match",
        "a question mark is itself",
        "a dot is itself",
        "nothing matches nothing",
    ],
)
def test_patterns_match_as_in_azure(pattern: str, data: bool, expected: set[str]) -> None:  # noqa: FBT001
    assert matching((pattern,), data=data) == expected


def test_what_is_excluded_from_actions_stays_in_data_actions() -> None:
    role = RoleDefinition(
        name="x",
        description="",
        actions=("*",),
        not_actions=("*",),
        data_actions=("Microsoft.KeyVault/*",),
        not_data_actions=("*/purge/action", "*/certificates/*"),
    )

    assert {OPERATIONS[name].data for name in role.operations} == {True}
    assert op.SECRETS_GET in role.operations
    assert not role.operations & {op.SECRETS_PURGE, op.CERTIFICATES_READ, op.BLOBS_READ}
