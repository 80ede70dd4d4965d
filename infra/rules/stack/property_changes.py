"""Changes of what exists: made in place, or refused because Azure would replace the resource and lose its data.

Sources: T4 and S1 (storage), T5 (key vault), T7 (registry), T8 (insights), section 3.5 (workspace). A replacement is
allowed only where the stack says so by name (`ml-workspace:allowReplacement`); what Azure never allows, such as
switching purge protection off, stays refused even then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from infra.rules.names.regions import normalise
from infra.rules.policy.rule import StackRule
from infra.rules.resources import component_types
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.resources.resource_ids import parse_resource_id
from infra.rules.violation import Violation

Props = Mapping[str, object]

REPLACEMENT = StackRule(
    "change-resource-forbid-replacement",
    "No change replaces a resource and loses its data unless the stack allows it.",
)
SET_ONCE = StackRule("change-key-vault-forbid-retention", "A key vault's retention is set once (T5).")
PURGE_PROTECTION = StackRule("change-key-vault-forbid-unprotecting", "Purge protection is never switched off (T5).")

_ZONE_REDUNDANT = frozenset({"ZRS", "GZRS", "RAGZRS"})


@dataclass(frozen=True, slots=True)
class _Immutable:
    """A property that can't change in place.

    Attributes:
        view: What of the value counts; equal views are no change.
        why: What Azure does, for the message.
    """

    key: str
    view: Callable[[object], object]
    why: str


def _same(value: object) -> object:
    return value


def _no_case(value: object) -> object:
    return str(value).lower()


def _region(value: object) -> object:
    return normalise(str(value))


def _resource_group(value: object) -> object:
    try:
        identity = parse_resource_id(str(value))
    except ValueError:
        return value
    return identity.subscription.lower(), identity.resource_group.lower()


def _performance_and_family(value: object) -> object:
    """Standard or Premium, and whether copies are spread over zones."""
    tier, _, redundancy = str(value).partition("_")
    return tier, redundancy in _ZONE_REDUNDANT


_COMMON = (
    # Also not in its case, which means nothing to Azure: objects of the engine are named by it.
    _Immutable("name", _same, "a name can't be changed"),
    _Immutable("location", _region, "a resource can't move to another region"),
    _Immutable("resourceId", _resource_group, "a move to another group or subscription replaces the resource"),
)
_IMMUTABLE: dict[str, tuple[_Immutable, ...]] = {
    component_types.RESOURCE_GROUP: _COMMON,
    component_types.STORAGE_ACCOUNT: (
        *_COMMON,
        _Immutable("kind", _same, "only Storage (v1) can be upgraded to StorageV2 in place"),
        _Immutable("sku", _performance_and_family, "only LRS, GRS and RAGRS, or ZRS, GZRS and RAGZRS, change in place"),
        _Immutable("isHnsEnabled", bool, "a hierarchical namespace can't be switched on or off"),
    ),
    component_types.CONTAINER_REGISTRY: _COMMON,
    component_types.KEY_VAULT: _COMMON,
    component_types.APPLICATION_INSIGHTS: _COMMON,
    component_types.WORKSPACE: (
        *_COMMON,
        _Immutable("keyVault", _no_case, "a workspace keeps its key vault for life"),
        _Immutable("storageAccount", _no_case, "a workspace keeps its storage account for life"),
    ),
}


def check_change(type_token: str, old: Props, new: Props, *, allowed: Collection[str] = ()) -> list[Violation]:
    """Violations by the change of a component's properties from ``old`` to ``new``.

    Args:
        type_token: The component's type.
        old: Its properties as they are.
        new: Its properties as they shall be.
        allowed: Names of resources that may be replaced, the old or the new name.
    """
    prefix = section_key(type_token, new)
    found = [violation.under(prefix) for violation in _never(type_token, old, new)]
    names = {str(old.get("name", "")).lower(), str(new.get("name", "")).lower()}
    if names & {name.lower() for name in allowed}:
        return found
    changed = [row for row in _IMMUTABLE[type_token] if _differs(row, old, new)]
    if any(row.key == "name" for row in changed):
        changed = [row for row in changed if row.key == "name"]
    found += [_replacement(row, old, new).under(prefix) for row in changed]
    return found + [violation.under(prefix) for violation in _set_once(type_token, old, new)]


def section_key(type_token: str, props: Props) -> str:
    """Where the stack file configures a resource."""
    if type_token == component_types.STORAGE_ACCOUNT and props.get("role") == "additional":
        return f"ml-workspace:additionalStorageAccounts[{props.get('name')}]"
    return f"ml-workspace:{COMPONENT_TYPES[type_token].section}"


def _differs(row: _Immutable, old: Props, new: Props) -> bool:
    before, after = old.get(row.key), new.get(row.key)
    if before is None or after is None or row.view(before) == row.view(after):
        return False
    return not (row.key == "kind" and (before, after) == ("Storage", "StorageV2"))


def _replacement(row: _Immutable, old: Props, new: Props) -> Violation:
    before = old.get(row.key)
    shown = "true" if before is True else "false" if before is False else f"'{before}'"
    return Violation(
        rule=REPLACEMENT,
        key=row.key,
        value=new.get(row.key),
        found=f"it was {shown}, and {row.why}: the resource would be replaced and its data lost",
        allowed=shown,
        fix=f"set it back to {shown}; if its data may be lost, add '{old.get('name')}' to "
        "'ml-workspace:allowReplacement'",
    )


def _set_once(type_token: str, old: Props, new: Props) -> list[Violation]:
    key = "softDeleteRetentionInDays"
    if type_token != component_types.KEY_VAULT or key not in old or key not in new or old[key] == new[key]:
        return []
    days = int(float(str(old[key])))
    return [
        Violation(
            rule=SET_ONCE,
            key=key,
            value=new[key],
            found=f"it was {days}, and the period is set once, when the key vault is created",
            allowed=str(days),
            fix=f"set it back to {days}; if the secrets may be lost, add '{old.get('name')}' to "
            "'ml-workspace:allowReplacement'",
        )
    ]


def _never(type_token: str, old: Props, new: Props) -> list[Violation]:
    key = "enablePurgeProtection"
    if type_token != component_types.KEY_VAULT or old.get(key) is not True or new.get(key) is not False:
        return []
    return [
        Violation(
            rule=PURGE_PROTECTION,
            key=key,
            value=False,
            found="purge protection is on, and it can never be switched off",
            allowed="true",
            fix="set 'enablePurgeProtection' back to true",
        )
    ]
