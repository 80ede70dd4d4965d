"""Rules that Azure leaves to the company: allowed locations, SKUs and types, naming patterns, stricter services.

Local counterparts of Azure's built-in policies (section 7 of `azure-rules`); what they demand comes as parameters from
an assignment. With the parameters' defaults each of them asks for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from infra.rules.names.regions import normalise
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.tags.tag_limits import REQUIRED, missing_violation
from infra.rules.violation import Violation, one_of

Props = Mapping[str, object]
Parameters = Mapping[str, object]

LOCATIONS = "location-resource-limit-allowed"
SKUS = "resource-limit-skus"
TYPES = "resource-forbid-types"
PATTERN = "naming-resource-require-pattern"
VERSIONING = "storage-account-require-versioning"
SOFT_DELETE = "storage-account-require-soft-delete"
PURGE_PROTECTION = "key-vault-require-purge-protection"
NO_ADMIN = "container-registry-forbid-admin-user"
SAME_LOCATION = "location-resource-require-same-as-group"

GROUP_LOCATION = "resourceGroupLocation"
"""Beside a resource's own properties: where its resource group lies, so far as that is known."""


def check_allowed_location(props: Props, parameters: Parameters) -> list[Violation]:
    """The location is one of those that the company allows (built-in e56962a6)."""
    allowed, location = _texts(parameters["allowedLocations"]), props.get("location")
    if location is None or not allowed or normalise(str(location)) in {normalise(name) for name in allowed}:
        return []
    fix = f"set 'location' to '{allowed[0]}'"
    return [_not_allowed(LOCATIONS, "location", location, ("this location is not allowed here", allowed, fix))]


def check_same_location(props: Props) -> list[Violation]:
    """The location is the resource group's (built-in `Audit resource location matches resource group location`)."""
    location, group = props.get("location"), props.get(GROUP_LOCATION)
    if location is None or group is None or normalise(str(location)) == normalise(str(group)):
        return []
    fix = f"set 'location' to '{group}', or leave it out"
    return [
        _not_allowed(SAME_LOCATION, "location", location, (f"its resource group lies in {group}", [str(group)], fix))
    ]


def check_allowed_sku(type_token: str, props: Props, parameters: Parameters) -> list[Violation]:
    """The SKU is one of those that the company allows for the type (built-in 7433c107 and its siblings)."""
    by_section = parameters["allowedSkus"]
    section = COMPONENT_TYPES[type_token].section
    allowed = _texts(by_section.get(section, [])) if isinstance(by_section, Mapping) else []
    sku = props.get("sku")
    if sku is None or not allowed or sku in allowed:
        return []
    words = ("this SKU is not allowed here", allowed, f"set 'sku' to '{allowed[0]}'")
    return [_not_allowed(SKUS, "sku", sku, words)]


def check_forbidden_type(type_token: str, _props: Props, parameters: Parameters) -> list[Violation]:
    """The type is none of those that the company forbids."""
    arm_type = COMPONENT_TYPES[type_token].arm_type
    forbidden = {name.lower() for name in _texts(parameters["forbiddenTypes"])}
    if arm_type.lower() not in forbidden:
        return []
    fix = "leave the resource out, or ask for an exemption"
    return [_not_allowed(TYPES, "type", arm_type, ("this type is not allowed here", ["any other type"], fix))]


def check_name_pattern(type_token: str, props: Props, parameters: Parameters) -> list[Violation]:
    """The name follows the company's own pattern for the type, a regular expression."""
    patterns = parameters["patterns"]
    pattern = patterns.get(COMPONENT_TYPES[type_token].section) if isinstance(patterns, Mapping) else None
    name = props.get("name")
    if pattern is None or name is None or re.fullmatch(str(pattern), str(name), re.ASCII):
        return []
    found = "the name does not follow the naming convention"
    return [_not_allowed(PATTERN, "name", name, (found, [f"names like {pattern}"], "rename the resource"))]


def check_required_tags(props: Props, parameters: Parameters) -> list[Violation]:
    """Every required tag is there, and has an allowed value or follows a pattern (built-ins 871b6d14, 1e30110a)."""
    tags, required = props.get("tags"), parameters["tags"]
    if not isinstance(tags, Mapping) or not isinstance(required, Mapping):
        return []
    values = {str(name).lower(): str(value) for name, value in tags.items()}
    violations = []
    for name, demand in required.items():
        value = values.get(str(name).lower(), "")
        if not value.strip():
            violations.append(missing_violation(str(name)))
        elif problem := _demand_problem(value, demand or {}):
            key, fix = f"tags.{name}", f"set 'tags.{name}' to an allowed value"
            violations.append(_not_allowed(REQUIRED, key, value, ("this value is not allowed here", [problem], fix)))
    return violations


def check_versioned(props: Props) -> list[Violation]:
    """Old versions of blobs are kept, where the account can do that."""
    can = props.get("kind") not in {"Storage", "FileStorage"} and props.get("isHnsEnabled") is not True
    if not can or props.get("blobVersioning") is not False:
        return []
    words = ("old versions of blobs are lost", ["true"], "set 'blobVersioning' to true")
    return [_not_allowed(VERSIONING, "blobVersioning", props["blobVersioning"], words)]


def check_soft_delete(props: Props, parameters: Parameters) -> list[Violation]:
    """Deleted blobs stay recoverable for the company's minimum of days (built-in 9fbd64e3)."""
    days, minimum = props.get("deleteRetentionDays"), int(str(parameters["minimumDays"]))
    if not isinstance(days, int | float) or days >= minimum:
        return []
    found, fix = "deleted blobs are lost too early", f"set 'deleteRetentionDays' to {minimum}"
    return [_not_allowed(SOFT_DELETE, "deleteRetentionDays", days, (found, [f"at least {minimum} days"], fix))]


def check_purge_protection(props: Props) -> list[Violation]:
    """Nobody can purge a deleted vault or secret before its time (built-in 0b60c0b2)."""
    if props.get("enablePurgeProtection") is not False:
        return []
    words = ("deleted secrets can be purged at once", ["true"], "set 'enablePurgeProtection' to true")
    return [_not_allowed(PURGE_PROTECTION, "enablePurgeProtection", props["enablePurgeProtection"], words)]


def check_no_admin(props: Props) -> list[Violation]:
    """The registry's admin account is off (built-in dc921057); a workspace can't use such a registry."""
    if props.get("adminUserEnabled") is not True:
        return []
    words = ("everybody shares one account", ["false"], "set 'adminUserEnabled' to false")
    return [_not_allowed(NO_ADMIN, "adminUserEnabled", props["adminUserEnabled"], words)]


def _demand_problem(value: str, demand: Mapping[str, object]) -> str:
    allowed, pattern = _texts(demand.get("allowedValues") or []), demand.get("pattern")
    if allowed and value not in allowed:
        return one_of(allowed)
    if pattern is not None and re.fullmatch(str(pattern), value, re.ASCII) is None:
        return f"values like {pattern}"
    return ""


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, Iterable) and not isinstance(values, str) else []


def _not_allowed(rule: str, key: str, value: object, words: tuple[str, Iterable[str], str]) -> Violation:
    """A violation; ``words`` are what was found, what is allowed, and the fix."""
    found, allowed, fix = words
    return Violation(rule=rule, key=key, value=value, found=found, allowed=one_of(allowed), fix=fix)
