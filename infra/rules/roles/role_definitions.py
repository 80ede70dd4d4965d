"""Roles and the operations they allow, in Azure's notation.

Owns the built-in roles and the evaluation of a definition: operations matched by `actions` minus those matched by
`notActions`, and likewise for data operations; `*` matches any characters, case does not matter, and a role never
revokes what another role allows (azure/role-based-access-control/role-definitions). If a built-in role differs from
Azure's, its `deviation` says how.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from infra.rules.roles import role_operations as op
from infra.rules.roles.role_operations import OPERATIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleDefinition:
    """One role.

    Attributes:
        name: Azure's name.
        alias: A short name for stack files; empty for none.
        deviation: How it differs from Azure's role of the same name, and why; empty if it does not.
        is_custom: True if it comes from the stack's file of role definitions.
    """

    name: str
    description: str
    alias: str = ""
    deviation: str = ""
    is_custom: bool = False
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    @property
    def operations(self) -> frozenset[str]:
        """Every operation that the role allows."""
        return (matching(self.actions, data=False) - matching(self.not_actions, data=False)) | (
            matching(self.data_actions, data=True) - matching(self.not_data_actions, data=True)
        )


_ML = "Microsoft.MachineLearningServices/workspaces"

COMPUTE_IDENTITY = RoleDefinition(
    name="AzureML Compute Identity",
    alias="ComputeIdentity",
    description="What a job needs: data, runs, models, images, values of secrets, telemetry. Computes have it.",
    deviation="Azure has no such role: there you assign each permission to the identity of a compute.",
    actions=(
        op.WORKSPACE_READ,
        op.DATASTORES_READ,
        f"{_ML}/metadata/artifacts/*",
        f"{_ML}/experiments/read",
        f"{_ML}/experiments/write",
        f"{_ML}/runs/read",
        f"{_ML}/runs/write",
        f"{_ML}/models/read",
        f"{_ML}/models/write",
        op.JOBS_READ,
        op.DATA_READ,
        op.DATA_WRITE,
        op.ENVIRONMENTS_READ,
        op.COMPONENTS_READ,
        op.CONTAINERS_READ,
        op.IMAGES_PULL,
    ),
    data_actions=(op.SECRETS_GET, op.BLOBS_READ, op.BLOBS_WRITE, op.TELEMETRY_WRITE),
)
"""The role of every compute's principal."""

BUILT_IN: tuple[RoleDefinition, ...] = (
    RoleDefinition(
        name="Owner",
        description="All operations, including purge unless purge protection is on.",
        deviation="Azure's Owner also assigns roles; here the stack file does, applied by whoever updates the stack. "
        "Azure's has no data operations but can access data with account keys, which no principal gets here.",
        actions=("*",),
        data_actions=("*",),
    ),
    RoleDefinition(
        name="Contributor",
        description="Everything except purge: it can't permanently delete secrets or versions of blobs.",
        deviation="Azure's has no data operations but can access data with account keys, which no principal gets here.",
        actions=("*",),
        data_actions=("*",),
        not_data_actions=(op.SECRETS_PURGE, op.BLOBS_DELETE_VERSION),
    ),
    RoleDefinition(
        name="Reader",
        description="Reads names of secrets, datastores and containers, the artifact store, images, and telemetry.",
        deviation="Azure's also reads the credentials of datastores; here it does not. It includes Azure's Key Vault "
        "Reader, which sees names and metadata of secrets but no values.",
        actions=("*/read",),
        data_actions=("Microsoft.KeyVault/vaults/*/read", op.SECRETS_READ_METADATA),
    ),
    RoleDefinition(
        name="AzureML Data Scientist",
        alias="DataScientist",
        description="Works with data, secrets, images and telemetry; can't change the workspace or its computes.",
        deviation="Azure's names only operations of the workspace, which acts for its user; here the principal has "
        "its own permissions in the storage account, the key vault, the registry and telemetry.",
        actions=(
            op.WORKSPACE_READ,
            f"{_ML}/*/read",
            f"{_ML}/*/action",
            f"{_ML}/*/delete",
            f"{_ML}/*/write",
            op.CONTAINERS_READ,
            "Microsoft.ContainerRegistry/registries/*",
            op.TELEMETRY_QUERY,
        ),
        not_actions=(op.WORKSPACE_WRITE, op.COMPUTES_WRITE, op.COMPUTES_DELETE, op.COMPUTES_LIST_KEYS),
        data_actions=(
            "Microsoft.KeyVault/vaults/secrets/*",
            op.CERTIFICATES_READ,
            op.BLOBS_READ,
            op.BLOBS_WRITE,
            op.BLOBS_DELETE,
            op.TELEMETRY_WRITE,
        ),
        not_data_actions=(op.SECRETS_PURGE,),
    ),
    RoleDefinition(
        name="AzureML Compute Operator",
        alias="ComputeOperator",
        description="Manages secrets of computes, under `computes/`, pulls images and sends telemetry.",
        deviation="Azure's has only the operations of computes; here it also pulls images and sends telemetry, as "
        "the computes that it manages do.",
        actions=(f"{_ML}/computes/*", op.IMAGES_PULL),
        data_actions=(op.TELEMETRY_WRITE,),
    ),
    RoleDefinition(
        name="Key Vault Purge Operator",
        alias="PurgeOperator",
        description="Sees names of secrets and purges deleted ones, unless purge protection is on.",
        deviation="Azure's purges deleted vaults; here a vault is deleted with its stack, so it purges secrets.",
        data_actions=(op.SECRETS_READ_METADATA, op.SECRETS_PURGE),
    ),
    COMPUTE_IDENTITY,
)
"""Azure's roles that apply to a local workspace, and that of computes."""


@cache
def matching(patterns: Iterable[str], *, data: bool) -> frozenset[str]:
    """The operations, or data operations, that match any of ``patterns``."""
    wanted = [re.compile(re.escape(pattern).replace(r"\*", ".*"), re.IGNORECASE) for pattern in patterns]
    return frozenset(
        name
        for name, operation in OPERATIONS.items()
        if operation.data is data and any(pattern.fullmatch(name) for pattern in wanted)
    )


def roles_by_name(custom: Sequence[RoleDefinition] = ()) -> Mapping[str, RoleDefinition]:
    """Every role under its name and its alias, in lower case."""
    known = {role.name.lower(): role for role in (*custom, *BUILT_IN)}
    return known | {role.alias.lower(): role for role in BUILT_IN if role.alias}


def find_role(name: str, custom: Sequence[RoleDefinition] = ()) -> RoleDefinition | None:
    """Find a role by Azure's name or its alias; case does not matter."""
    return roles_by_name(custom).get(name.lower())


def nearest_role(name: str, custom: Sequence[RoleDefinition] = ()) -> RoleDefinition | None:
    """The role with the most similar name; None if no name is similar."""
    known = roles_by_name(custom)
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return known[near[0]] if near else None
