"""Containers in another stack's storage account: never another workspace's default container."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from infra.rules.datastores.default_datastores import ARTIFACT_CONTAINER, default_containers
from infra.rules.datastores.external_datastores import S3
from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

RULE = StackRule(
    "datastore-forbid-container-of-another-workspace",
    "In another stack's storage account, no registered datastore uses a workspace's default container.",
)

_GUID = "guid"
_DEFAULT = re.compile(
    "|".join(
        re.escape(container).replace(_GUID, "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-.*)?")
        for container in (*default_containers(_GUID, in_existing_account=True).values(), ARTIFACT_CONTAINER, _GUID)
    )
)
"""Default containers of the owner and of any sharer, and containers that a sharer's principals created."""


def check_shared_containers(datastores: Sequence[Mapping[str, object]], *, owner: str, key: str) -> Iterator[Violation]:
    """Violations in the datastores of a workspace that uses the storage account of the stack ``owner``.

    Args:
        datastores: Entries as in the stack file.
        owner: Name of the stack that owns the account.
        key: The key of the list.
    """
    for index, datastore in enumerate(datastores):
        container = datastore.get("container")
        if datastore.get("type") != S3 and isinstance(container, str) and _DEFAULT.fullmatch(container):
            yield Violation(
                rule=RULE,
                key=f"{key}[{index}].container",
                value=container,
                found=f"the storage account belongs to stack '{owner}', and this is the name of another workspace's "
                "default container",
                allowed="a container with a different name, or one that both stacks register",
                fix="set 'container' to e.g. 'features'",
            )
