"""How operations map to each service: one row for each operation, and properties of all rows."""

from typing import Any

import pytest

from infra.rules.roles import role_operations as op
from infra.rules.roles.role_definitions import BUILT_IN, RoleDefinition
from infra.rules.roles.role_operations import OPERATIONS, Service
from infra.rules.roles.role_permissions import (
    registry_access,
    sends_telemetry,
    storage_policy,
    vault_policy,
    vault_rights,
)
from infra.rules.roles.storage_scope import WHOLE_ACCOUNT, StorageScope, sharers_scope

OWN = {
    "auth/token/lookup-self": ("read",),
    "auth/token/renew-self": ("update",),
    "auth/token/revoke-self": ("update",),
    "principals/data/ana": ("read",),
}
WRITE = ("create", "patch", "update")
CERTIFICATES: dict[str, tuple[str, ...]] = {
    f"pki/{path}": ("list", "read") for path in ("cert/*", "certs", "certs/*", "issuers")
}
FOLDERS = ("computes", "online-endpoints")


def not_below(*parts: str) -> dict[str, tuple[str, ...]]:
    """What operations on secrets say about the folders that they do not include."""
    found: dict[str, tuple[str, ...]] = {f"secret/{part}/{one}/*": ("deny",) for part in parts for one in FOLDERS}
    if "metadata" in parts:
        found |= dict.fromkeys((f"secret/metadata/{one}" for one in FOLDERS), ("deny",))
    return found


VAULT_TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    op.DATASTORES_READ: {"datastores/metadata/": ("list",), "datastores/metadata/+": ("read",)},
    op.DATASTORES_LIST_SECRETS: {"datastores/data/+": ("read",)},
    op.COMPUTES_READ: {"secret/metadata/computes": ("list",), "secret/metadata/computes/*": ("list", "read")},
    op.COMPUTES_LIST_KEYS: {"secret/data/computes/*": ("read",)},
    op.COMPUTES_WRITE: {
        "secret/data/computes/*": WRITE,
        "secret/metadata/computes": ("deny",),
        "secret/metadata/computes/*": WRITE,
        "secret/undelete/computes/*": ("update",),
    },
    op.COMPUTES_DELETE: {"secret/data/computes/*": ("delete",), "secret/delete/computes/*": ("update",)},
    op.SECRETS_READ_METADATA: {"secret/metadata/*": ("list", "read"), **not_below("metadata")},
    op.SECRETS_GET: {"secret/data/*": ("read",), **not_below("data")},
    op.SECRETS_SET: {"secret/data/*": WRITE, **not_below("data")},
    op.SECRETS_UPDATE: {"secret/metadata/*": WRITE, **not_below("metadata")},
    op.SECRETS_DELETE: {
        "secret/data/*": ("delete",),
        "secret/delete/*": ("update",),
        **not_below("data", "delete"),
    },
    op.SECRETS_RECOVER: {"secret/undelete/*": ("update",), **not_below("undelete")},
    op.SECRETS_PURGE: {
        "secret/destroy/*": ("update",),
        "secret/metadata/*": ("delete",),
        **{f"secret/destroy/{one}/*": ("update",) for one in FOLDERS},
        **{f"secret/metadata/{one}/*": ("delete",) for one in FOLDERS},
        **{f"secret/metadata/{one}": ("deny",) for one in FOLDERS},
    },
    op.ONLINE_ENDPOINTS_READ: {
        "secret/metadata/online-endpoints": ("list",),
        "secret/metadata/online-endpoints/*": ("list", "read"),
    },
    op.ONLINE_ENDPOINTS_SCORE: {"secret/data/online-endpoints/*": ("read",)},
    op.ONLINE_ENDPOINTS_WRITE: {"secret/data/online-endpoints/*": WRITE},
    op.ONLINE_ENDPOINTS_DELETE: {
        "secret/data/online-endpoints/*": ("delete",),
        "secret/delete/online-endpoints/*": ("update",),
    },
    op.CERTIFICATES_READ: CERTIFICATES,
    op.CERTIFICATES_CREATE: {"pki/issue/services": ("update",), "pki/sign/services": ("update",)},
}
STORE = "arn:aws:s3:::azureml"
GUID = "01234567-89ab-cdef-0123-456789abcdef"
GUID_STORE = f"arn:aws:s3:::azureml-{GUID}"
SCOPES = {"own account": WHOLE_ACCOUNT, "another stack's account": sharers_scope(GUID, ["features"])}
STORAGE_TABLE: dict[str, tuple[set[str], list[str]]] = {
    op.CONTAINERS_READ: (
        {"s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:GetBucketTagging"},
        ["arn:aws:s3:::*"],
    ),
    op.CONTAINERS_WRITE: ({"s3:CreateBucket"}, ["arn:aws:s3:::*"]),
    op.CONTAINERS_DELETE: ({"s3:DeleteBucket"}, ["arn:aws:s3:::*"]),
    op.BLOBS_DELETE: ({"s3:DeleteObject"}, ["arn:aws:s3:::*"]),
    op.BLOBS_DELETE_VERSION: ({"s3:DeleteObjectVersion"}, ["arn:aws:s3:::*"]),
    op.WORKSPACE_READ: ({"s3:GetObject"}, [f"{STORE}/workspace.json"]),
    op.WORKSPACE_WRITE: (
        {"s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObjectTagging", "s3:DeleteObject"},
        [f"{STORE}/workspace.json"],
    ),
}


def of(service: Service) -> set[str]:
    return {name for name, operation in OPERATIONS.items() if operation.service is service}


def statements(effect: str, *operations: str, scope: StorageScope = WHOLE_ACCOUNT) -> list[dict[str, Any]]:
    policy = storage_policy(operations, scope)
    assert policy is not None
    return [statement for statement in policy["Statement"] if statement["Effect"] == effect]


def denied(*operations: str, scope: StorageScope = WHOLE_ACCOUNT) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for statement in statements("Deny", *operations, scope=scope)
        for action in statement["Action"]
        for resource in statement.get("Resource", ["-"])
    }


@pytest.mark.parametrize("operation", sorted(VAULT_TABLE))
def test_operation_is_these_paths_of_the_key_vault(operation: str) -> None:
    assert vault_rights({operation}, principal="ana") == OWN | VAULT_TABLE[operation]


def test_the_table_of_the_key_vault_lists_all_its_operations() -> None:
    assert set(VAULT_TABLE) == of(Service.KEY_VAULT) | of(Service.INFERENCE)


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - set(VAULT_TABLE)))
def test_other_operations_are_nothing_in_the_key_vault_but_a_look_at_oneself(operation: str) -> None:
    assert vault_rights({operation}, principal="ana") == OWN


def test_secrets_and_computes_together_do_not_mix() -> None:
    rights = vault_rights({op.SECRETS_GET, op.SECRETS_SET, op.COMPUTES_LIST_KEYS}, principal="ana")

    assert rights["secret/data/*"] == ("create", "patch", "read", "update")
    assert rights["secret/data/computes/*"] == ("read",)


@pytest.mark.parametrize("role", BUILT_IN, ids=lambda role: role.name)
def test_no_role_reaches_the_vaults_own_setup_or_others_credentials(role: RoleDefinition) -> None:
    rights = vault_rights(set(role.operations), principal="ana")

    assert {path for path in rights if path.startswith("principals/")} == {"principals/data/ana"}
    assert {path.partition("/")[0] for path in rights} <= {"auth", "datastores", "pki", "principals", "secret"}
    assert {path for path in rights if path.startswith("auth/")} == set(OWN) - {"principals/data/ana"}
    assert {capability for path in rights if path.startswith("datastores/") for capability in rights[path]} <= {
        "list",
        "read",
    }


@pytest.mark.parametrize("role", BUILT_IN, ids=lambda role: role.name)
def test_under_purge_protection_no_role_purges(role: RoleDefinition) -> None:
    policy = vault_policy(role.operations, principal="ana", purge_protection=True)

    assert "secret/destroy" not in policy
    for stanza in policy.split("path "):
        if stanza.startswith('"secret/metadata/'):
            assert '"delete"' not in stanza
            assert '"update"' not in stanza or "allowed_parameters" in stanza


@pytest.mark.parametrize("role", BUILT_IN, ids=lambda role: role.name)
def test_roles_without_purge_permission_cannot_expire_versions_either(role: RoleDefinition) -> None:
    policy = vault_policy(role.operations, principal="ana", purge_protection=False)

    purges = op.SECRETS_PURGE in role.operations
    writes = op.SECRETS_UPDATE in role.operations or op.COMPUTES_WRITE in role.operations
    assert ("secret/destroy" in policy) is purges
    assert ("allowed_parameters" in policy) is (writes and not purges)


@pytest.mark.parametrize("operation", sorted(STORAGE_TABLE))
def test_operation_is_these_actions_of_the_storage_account(operation: str) -> None:
    (statement,) = statements("Allow", operation)

    assert (set(statement["Action"]), statement["Resource"]) == STORAGE_TABLE[operation]


@pytest.mark.parametrize(
    ("everywhere", "in_the_store", "marker"),
    [(op.BLOBS_READ, op.ARTIFACTS_READ, "s3:GetObject"), (op.BLOBS_WRITE, op.ARTIFACTS_WRITE, "s3:PutObject")],
    ids=["reading", "writing"],
)
def test_artifacts_are_what_blobs_are_but_in_one_container(everywhere: str, in_the_store: str, marker: str) -> None:
    (all_containers,), (one,) = statements("Allow", everywhere), statements("Allow", in_the_store)

    assert all_containers["Resource"] == ["arn:aws:s3:::*"]
    assert one["Resource"] == [STORE, f"{STORE}/*"]
    assert marker in all_containers["Action"]
    assert all_containers["Action"] == one["Action"]
    assert not {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:*"} & set(one["Action"])


def test_the_tables_of_the_storage_account_list_all_its_operations() -> None:
    artifacts = {op.BLOBS_READ, op.BLOBS_WRITE, op.ARTIFACTS_READ, op.ARTIFACTS_WRITE}

    assert set(STORAGE_TABLE) | artifacts == of(Service.STORAGE)


@pytest.mark.parametrize("operation", sorted(of(Service.STORAGE)))
def test_no_role_administrates_the_storage_account_or_itself(operation: str) -> None:
    assert ("admin:*", "-") in denied(operation)


def test_versions_are_explicitly_denied_without_the_permission() -> None:
    assert ("s3:DeleteObjectVersion", "arn:aws:s3:::*") in denied(op.BLOBS_DELETE)
    assert ("s3:DeleteObjectVersion", "arn:aws:s3:::*") not in denied(op.BLOBS_DELETE, op.BLOBS_DELETE_VERSION)


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectTagging"])
@pytest.mark.parametrize(("account", "store"), [("own account", STORE), ("another stack's account", GUID_STORE)])
def test_only_roles_that_write_the_workspace_can_write_its_record(account: str, store: str, action: str) -> None:
    record, scope = f"{store}/workspace.json", SCOPES[account]

    assert (action, record) in denied(op.BLOBS_WRITE, op.BLOBS_DELETE, scope=scope)
    assert (action, record) not in denied(op.BLOBS_WRITE, op.BLOBS_DELETE, op.WORKSPACE_WRITE, scope=scope)


@pytest.mark.parametrize("operation", sorted(of(Service.STORAGE)))
def test_in_an_account_of_another_stack_an_operation_reaches_the_workspaces_own_containers(operation: str) -> None:
    (everywhere,) = statements("Allow", operation)
    (at_home,) = statements("Allow", operation, scope=SCOPES["another stack's account"])

    names = [f"azureml-blobstore-{GUID}", f"azureml-{GUID}", f"azureml-filestore-{GUID}", f"code-{GUID}", "features"]
    own = {f"arn:aws:s3:::{name}{below}" for name in names for below in ("", "/*")} | {f"arn:aws:s3:::{GUID}-*"}
    assert at_home["Action"] == everywhere["Action"]
    assert set(at_home["Resource"]) <= own | {f"{GUID_STORE}/workspace.json"}
    if everywhere["Resource"] == ["arn:aws:s3:::*"]:
        assert set(at_home["Resource"]) == own


@pytest.mark.parametrize(
    "operations", [set(), of(Service.KEY_VAULT), of(Service.REGISTRY)], ids=["no", "vault", "images"]
)
def test_principals_without_rights_in_the_storage_account_have_no_policy(operations: set[str]) -> None:
    assert storage_policy(operations) is None


@pytest.mark.parametrize(
    ("operations", "access"),
    [
        (set(), "none"),
        ({op.IMAGES_PULL}, "pull"),
        ({op.IMAGES_PUSH, op.IMAGES_DELETE}, "none"),
        ({op.IMAGES_PULL, op.IMAGES_PUSH}, "pull"),
        ({op.IMAGES_PULL, op.IMAGES_PUSH, op.IMAGES_DELETE}, "push"),
    ],
    ids=["nothing", "pull", "push and delete without pull", "pull and push without delete", "all three"],
)
def test_the_registry_never_grants_more_than_was_allowed(operations: set[str], access: str) -> None:
    assert registry_access(operations) == access


def test_telemetry_is_accepted_from_roles_that_can_write_it() -> None:
    assert sends_telemetry({op.TELEMETRY_WRITE})
    assert not sends_telemetry(set(OPERATIONS) - {op.TELEMETRY_WRITE})
