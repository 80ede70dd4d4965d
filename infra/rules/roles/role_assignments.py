"""Role assignments: legal names of principals, known roles, no duplicates.

A principal's name is its user name in the key vault, the storage account and the registry, so it must be legal in all
three: Vault user names (word characters, `.` and `-` inside, lower-cased by Vault itself), MinIO access keys (at least
3 characters, no `=` and `,`), htpasswd (no `:`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from infra.rules.policy.rule import StackRule
from infra.rules.roles.role_definitions import BUILT_IN, RoleDefinition, find_role, nearest_role
from infra.rules.violation import Violation, one_of

MIN_LENGTH, MAX_LENGTH = 3, 64
_LEGAL = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
RESERVED_PRINCIPALS = ("admin", "administrator", "default", "provisioner", "root")
"""Names that the services use themselves."""

PRINCIPAL = StackRule(
    "role-assignment-require-legal-principal",
    "A principal's name is legal in the key vault, the storage account and the registry.",
)
RESERVED = StackRule(
    "role-assignment-forbid-reserved-principal", "No principal has the name of a service's built-in user."
)
KNOWN_ROLE = StackRule(
    "role-assignment-require-known-role", "An assigned role is built in or defined in the stack's role definitions."
)
UNIQUE = StackRule("role-assignment-require-unique", "A role is assigned to a principal only once.")
OWN_KEY_VAULT = StackRule(
    "role-assignment-require-own-key-vault",
    "A stack that assigns roles has its own key vault, which stores the credentials.",
)


def check_assignments(
    assignments: Sequence[Mapping[str, str]],
    custom: Sequence[RoleDefinition] = (),
    *,
    custom_is_known: bool = True,
    taken: Sequence[str] = (),
    key: str = "roleAssignments",
) -> list[Violation]:
    """All violations in the list of role assignments; missing keys break no rule.

    Args:
        assignments: As in the stack file: `principal` and `role`.
        custom: Roles from the file of role definitions.
        custom_is_known: False if that file cannot be read, so that it may define an unknown role.
        taken: User names that the stack's services already use.
        key: The key of the list.
    """
    violations: list[Violation] = []
    first_of: dict[tuple[str, str], int] = {}
    for index, assignment in enumerate(assignments):
        place = f"{key}[{index}]"
        principal, name = assignment.get("principal"), assignment.get("role")
        found = [] if principal is None else check_principal(principal, taken=taken)
        role = None if name is None else find_role(name, custom)
        if name is not None and role is None and custom_is_known:
            found.append(_unknown_role(name, custom))
        violations += [violation.under(place) for violation in found]
        if principal and role and first_of.setdefault((principal.lower(), role.name), index) != index:
            first = f"{key}[{first_of[principal.lower(), role.name]}]"
            violations.append(_twice(principal, role, first).under(place))
    return violations


def check_principal(principal: str, *, taken: Sequence[str] = ()) -> list[Violation]:
    """Violations in the name of a principal."""
    if not (_LEGAL.fullmatch(principal) and MIN_LENGTH <= len(principal) <= MAX_LENGTH):
        proposal = _legal(principal)
        return [
            Violation(
                rule=PRINCIPAL,
                key="principal",
                value=principal,
                found=_what_is_wrong(principal),
                allowed=f"{MIN_LENGTH}-{MAX_LENGTH} characters of a-z, 0-9, '.', '_' and '-', starting and ending "
                "with a-z or 0-9",
                fix=f"rename the principal, e.g. to '{proposal}'" if proposal else "rename the principal",
            )
        ]
    if principal not in {*RESERVED_PRINCIPALS, *(name.lower() for name in taken)}:
        return []
    return [
        Violation(
            rule=RESERVED,
            key="principal",
            value=principal,
            found="a service of the stack already has a user with this name",
            allowed=f"any name except {one_of([*RESERVED_PRINCIPALS, *taken])}",
            fix="rename the principal",
        )
    ]


def check_own_key_vault(owner: str, *, key: str = "roleAssignments") -> Violation:
    """The violation for role assignments in a stack whose key vault belongs to the stack ``owner``."""
    return Violation(
        rule=OWN_KEY_VAULT,
        key=key,
        value=None,
        found=f"the stack's key vault belongs to stack '{owner}', but principals' credentials are stored only in the "
        "stack's own key vault",
        allowed="role assignments in a stack with its own key vault",
        fix=f"assign the roles in stack '{owner}', or remove 'ml-workspace:keyVault.existing'",
    )


def _what_is_wrong(principal: str) -> str:
    if not MIN_LENGTH <= len(principal) <= MAX_LENGTH:
        return f"it has {len(principal)} characters"
    odd = sorted(set(re.findall(r"[^a-z0-9._-]", principal)))
    if odd:
        return f"it contains {', '.join(repr(character) for character in odd)}"
    return "it starts or ends with '.', '_' or '-'"


def _legal(principal: str) -> str:
    proposal = re.sub(r"[^a-z0-9._-]+", "-", principal.lower())[:MAX_LENGTH].strip("._-")
    return proposal if len(proposal) >= MIN_LENGTH else ""


def _unknown_role(name: str, custom: Sequence[RoleDefinition]) -> Violation:
    near = nearest_role(name, custom)
    known = [*(role.alias or role.name for role in BUILT_IN), *(role.name for role in custom)]
    return Violation(
        rule=KNOWN_ROLE,
        key="role",
        value=name,
        found="unknown role",
        allowed=one_of(known),
        fix=f"did you mean '{near.alias or near.name}'? Set 'role' to it" if near else "set 'role' to one of them",
    )


def _twice(principal: str, role: RoleDefinition, first: str) -> Violation:
    return Violation(
        rule=UNIQUE,
        key="role",
        value=role.name,
        found=f"{first} already assigns this role to '{principal}'",
        allowed="one assignment per role and principal",
        fix="remove one of them",
    )
