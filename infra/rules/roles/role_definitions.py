"""Roles: which operations each allows, written as Azure writes them.

Owns the built-in roles and how a definition becomes a set of operations: what `actions` match less what `notActions`
match, the same for data operations; `*` stands for any characters; case does not matter; a role never takes away what
another one gives (azure/role-based-access-control/role-definitions). Where a built-in role differs from Azure's, its
`deviation` says so.
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
        name: Azure's name of it.
        alias: A short name for stack files; empty for none.
        deviation: How it differs from Azure's role of the name, and why; empty if it does not.
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

BUILT_IN: tuple[RoleDefinition, ...] = (
    RoleDefinition(
        name="Owner",
        description="Everything that a principal can do, purging included unless purge protection is on.",
        deviation="Azure's Owner also assigns roles; here the stack file does, and who updates the stack. Azure's has "
        "no data operations but reaches the data by account keys, which no principal gets here.",
        actions=("*",),
        data_actions=("*",),
    ),
    RoleDefinition(
        name="Contributor",
        description="Everything but purging: neither secrets nor versions of blobs are gone for good.",
        deviation="Azure's has no data operations but reaches the data by account keys, which no principal gets here.",
        actions=("*",),
        data_actions=("*",),
        not_data_actions=(op.SECRETS_PURGE, op.BLOBS_DELETE_VERSION),
    ),
    RoleDefinition(
        name="Reader",
        description="Lists and views: names of secrets, datastores and containers, the artifact store, images.",
        deviation="Azure's reads the credentials of datastores as well; here it does not. It includes Azure's Key "
        "Vault Reader, which sees names and metadata of secrets but no values.",
        actions=("*/read",),
        data_actions=("Microsoft.KeyVault/vaults/*/read", op.SECRETS_READ_METADATA),
    ),
    RoleDefinition(
        name="AzureML Data Scientist",
        alias="DataScientist",
        description="Works with data, secrets, images and telemetry; changes neither the workspace nor its computes.",
        deviation="Azure's names operations of the workspace only, which acts for its user; here the principal itself "
        "has those of the storage account, the key vault, the registry and telemetry.",
        actions=(
            op.WORKSPACE_READ,
            f"{_ML}/*/read",
            f"{_ML}/*/action",
            f"{_ML}/*/delete",
            f"{_ML}/*/write",
            op.CONTAINERS_READ,
            "Microsoft.ContainerRegistry/registries/*",
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
        description="Secrets of computes, under `computes/`, and what a compute needs: images and telemetry.",
        deviation="Azure's has the operations of computes only; here it pulls images and sends telemetry as well, as "
        "the computes do that it looks after.",
        actions=(f"{_ML}/computes/*", op.IMAGES_PULL),
        data_actions=(op.TELEMETRY_WRITE,),
    ),
    RoleDefinition(
        name="Key Vault Purge Operator",
        alias="PurgeOperator",
        description="Sees names of secrets and purges deleted ones, unless purge protection is on.",
        deviation="Azure's purges deleted vaults; here a vault goes with its stack, and secrets are what is purged.",
        data_actions=(op.SECRETS_READ_METADATA, op.SECRETS_PURGE),
    ),
)
"""Azure's roles that have a meaning for a workspace on this machine."""


@cache
def matching(patterns: Iterable[str], *, data: bool) -> frozenset[str]:
    """The operations of one kind that any of ``patterns`` matches."""
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
    """The role that a stack file means by ``name``: Azure's name or the alias, in any case."""
    return roles_by_name(custom).get(name.lower())


def nearest_role(name: str, custom: Sequence[RoleDefinition] = ()) -> RoleDefinition | None:
    """The role whose name is most like ``name``; None if none is like it."""
    known = roles_by_name(custom)
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return known[near[0]] if near else None
