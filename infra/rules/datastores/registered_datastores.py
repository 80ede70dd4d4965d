"""Registered datastores: names, types and containers, the default datastore, quotas, and external stores.

Sources: N1 (names), N5 (containers and shares), M11 (the four default datastores, whose names Azure reserves; the
default one is a blob container or file share of the workspace's own account). For S3 stores see `external_datastores`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from infra.rules.datastores.default_datastores import DEFAULT_DATASTORES
from infra.rules.datastores.external_datastores import S3, check_elsewhere, check_here
from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.naming import check_name
from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation, covers, one_of


class DatastoreType(StrEnum):
    """Where a datastore keeps its data. Not the kind of the storage account."""

    AZURE_BLOB = "AzureBlob"
    AZURE_FILE = "AzureFile"
    S3 = S3
    """A bucket in an external object store, with its own keys."""


TYPE = StackRule("datastore-limit-type", "A datastore is of type AzureBlob, AzureFile or S3.")
RESERVED = StackRule("datastore-forbid-default-name", "No registered datastore has the name of a default datastore.")
DUPLICATE = StackRule("datastore-require-unique-name", "Datastore names are unique.")
DEFAULT = StackRule(
    "datastore-limit-default",
    "At most one datastore is the default, and it uses the workspace's own storage account (M11).",
)
QUOTA = StackRule(
    "datastore-limit-quota", "A quota is more than 0, and set only on a container in the workspace's own account."
)

_MIN_QUOTA_GIB = 2**-20
"""1 KiB; a quota that rounds to zero bytes would mean no limit."""

_MAX_QUOTA_GIB = 5 * 1024 * 1024
"""5 PiB, the capacity of an Azure storage account."""

_OWN = f"{DatastoreType.AZURE_BLOB}, {DatastoreType.AZURE_FILE}"


def check_datastores(
    datastores: Sequence[Mapping[str, object]], *, key: str = "datastores", encrypted: Collection[str] = ()
) -> list[Violation]:
    """All violations in the list of registered datastores.

    Args:
        datastores: Entries as in the stack file.
        key: The key of the list.
        encrypted: Keys that are encrypted in the stack file; a key covers everything below it.
    """
    violations = []
    first_of: dict[str, int] = {}
    default: int | None = None
    for index, datastore in enumerate(datastores):
        place = f"{key}[{index}]"
        hidden = any(covers(known, place) for known in encrypted)
        keys = {name for name in datastore if hidden or f"{place}.{name}" in encrypted}
        violations += [violation.under(place) for violation in check_datastore(datastore, encrypted=keys)]
        name = str(datastore.get("name", "")).lower()
        if name and first_of.setdefault(name, index) != index:
            violations.append(_twice(f"{place}.name", datastore["name"], f"{key}[{first_of[name]}] has the same name"))
        if datastore.get("isDefault") is True:
            if default is not None:
                violations.append(_second_default(f"{place}.isDefault", f"{key}[{default}]"))
            default = index if default is None else default
    return violations


def check_datastore(datastore: Mapping[str, object], *, encrypted: Collection[str] = ()) -> list[Violation]:
    """All violations in one datastore; missing keys break no rule.

    Args:
        datastore: The entry.
        encrypted: Its keys that are encrypted in the stack file.
    """
    violations = []
    name, type_, container = (datastore.get(key) for key in ("name", "type", "container"))
    if name is not None:
        violations += _reserved(name) or check_name(ResourceKind.DATASTORE, name)
    if type_ is not None and type_ not in set(DatastoreType):
        violations.append(_unknown_type(type_))
    if type_ == DatastoreType.S3:
        return [*violations, *check_elsewhere(datastore, encrypted=encrypted), *_only_here(datastore)]
    if container is not None:
        kind = ResourceKind.FILE_SHARE if type_ == DatastoreType.AZURE_FILE else ResourceKind.BLOB_CONTAINER
        violations += check_name(kind, container, key="container")
    return [*violations, *check_here(datastore), *_check_quota(datastore.get("quotaInGiB"))]


def _unknown_type(type_: object) -> Violation:
    near = next((known for known in DatastoreType if known.lower() == str(type_).lower()), DatastoreType.AZURE_BLOB)
    return Violation(
        rule=TYPE,
        key="type",
        value=type_,
        found="unknown datastore type",
        allowed=one_of(DatastoreType),
        fix=f"set 'type' to '{near}'",
    )


def _reserved(name: object) -> list[Violation]:
    if str(name).lower() not in DEFAULT_DATASTORES:
        return []
    return [
        Violation(
            rule=RESERVED,
            key="name",
            value=name,
            found="every workspace has a default datastore with this name",
            allowed=f"any legal name except {one_of(DEFAULT_DATASTORES)}",
            fix="rename the datastore",
        )
    ]


def _twice(key: str, name: object, found: str) -> Violation:
    return Violation(rule=DUPLICATE, key=key, value=name, found=found, allowed="unique names", fix="rename one of them")


def _second_default(key: str, first: str) -> Violation:
    return Violation(
        rule=DEFAULT,
        key=key,
        value=True,
        found=f"{first} is already the default",
        allowed="one default datastore; without one, 'workspaceblobstore' is the default",
        fix="remove 'isDefault' from all but one",
    )


def _only_here(datastore: Mapping[str, object]) -> list[Violation]:
    """Reject settings that only the workspace's own account supports."""
    violations = []
    if datastore.get("isDefault") is True:
        violations.append(
            Violation(
                rule=DEFAULT,
                key="isDefault",
                value=True,
                found="an external datastore can't be the default",
                allowed=f"a default datastore of type {_OWN}",
                fix="remove 'isDefault'",
            )
        )
    if "quotaInGiB" in datastore:
        violations.append(
            Violation(
                rule=QUOTA,
                key="quotaInGiB",
                value=datastore["quotaInGiB"],
                found="an external object store can't have a quota",
                allowed=f"a quota for a datastore of type {_OWN}",
                fix="remove the key",
            )
        )
    return violations


def _check_quota(quota: object) -> list[Violation]:
    if not isinstance(quota, int | float) or _MIN_QUOTA_GIB <= quota <= _MAX_QUOTA_GIB:
        return []
    return [
        Violation(
            rule=QUOTA,
            key="quotaInGiB",
            value=quota,
            found="out of range",
            allowed=f"0.000001 (1 KiB) to {_MAX_QUOTA_GIB} (5 PiB); if omitted, limited only by free disk space",
            fix="set 'quotaInGiB' to e.g. 100",
        )
    ]
