"""The front of the online endpoints of a workspace: its properties.

It belongs to the workspace and is no Azure resource of its own: in Azure every workspace has endpoints.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

from infra.rules.policy.rule import StackRule
from infra.rules.resources.properties import RESTARTS, Property
from infra.rules.violation import Violation, one_of

NAME = "inference"
KEY = f"ml-workspace:{NAME}"
MAX_REQUEST_MB, DEFAULT_REQUEST_MB = 1024, 10

REQUEST_SIZE = StackRule(
    "inference-stack-limit-request-size", "A request to an online endpoint has at most 1 to 1024 MB."
)

IDENTITIES = StackRule(
    "inference-stack-require-known-identities", "Only principals of the stack file are identities of online endpoints."
)

REMOVAL = StackRule(
    "inference-stack-forbid-removal",
    "No change makes online endpoints unreachable by deleting their front, unless the stack allows it.",
)


class InferenceProperties:
    """The front of the online endpoints; an empty section switches it on."""

    maximum_request_size_in_mb: Annotated[
        int,
        Property(
            doc=f"Maximum size of a request to an online endpoint in MB, 1 to {MAX_REQUEST_MB}.",
            default=DEFAULT_REQUEST_MB,
            effect=RESTARTS,
        ),
    ]
    identities: Annotated[
        list[str],
        Property(
            doc="Principals of `roleAssignments` that `identity` of an online endpoint may name; whoever may create "
            "endpoints can use them.",
            default=[],
        ),
    ]


def front_name(workspace: str) -> str:
    """Name of the front of a workspace."""
    return f"{workspace}-{NAME}"


def check_request_size(megabytes: int | None) -> list[Violation]:
    """A violation if requests cannot be limited to ``megabytes``."""
    if megabytes is None or 1 <= megabytes <= MAX_REQUEST_MB:
        return []
    key = f"{KEY}.maximumRequestSizeInMB"
    return [
        Violation(
            rule=REQUEST_SIZE,
            key=key,
            value=megabytes,
            found="out of range",
            allowed=f"1-{MAX_REQUEST_MB} MB",
            fix=f"set '{key}' to e.g. {DEFAULT_REQUEST_MB}",
        )
    ]


def check_identities(identities: Sequence[str] | None, principals: Collection[str]) -> Iterator[Violation]:
    """Violations in the identities that endpoints may have.

    Args:
        identities: As in the stack file.
        principals: Principals to which the stack file assigns roles; computes are not among them.
    """
    key = f"{KEY}.identities"
    for index, name in enumerate(identities or ()):
        if name not in principals:
            yield Violation(
                rule=IDENTITIES,
                key=f"{key}[{index}]",
                value=name,
                found="'ml-workspace:roleAssignments' assigns no role to a principal of this name",
                allowed=one_of(sorted(principals)) if principals else "a principal with a role; there is none",
                fix="set it to one of them, or give the principal a role in 'ml-workspace:roleAssignments'",
            )


def removal(name: str) -> Violation:
    """The violation if the front ``name`` would be deleted."""
    return Violation(
        rule=REMOVAL,
        key=KEY,
        value=None,
        found=f"the front of the online endpoints '{name}' would be deleted, and no client could reach an endpoint",
        allowed=f"'{name}' unchanged",
        fix=f"restore '{KEY}: {{}}'; if no endpoint is needed any more, delete them and add '{name}' to "
        "'ml-workspace:allowReplacement'",
    )
