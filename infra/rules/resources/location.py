"""Locations of resources: an Azure region, allowed by the organization, the same as the resource group's."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from infra.rules.names.regions import REGIONS, normalise
from infra.rules.policy.rule import ALL, Parameters, ResourceView, Severity, rule, texts
from infra.rules.violation import Violation, one_of

KNOWN_REGION = "location-resource-require-known-region"


def check_location(location: object, *, key: str = "location") -> list[Violation]:
    """A violation if ``location`` is not an Azure region."""
    if isinstance(location, str) and normalise(location) in REGIONS:
        return []
    near = difflib.get_close_matches(normalise(str(location)), REGIONS, n=1)
    proposal = near[0] if near else "westeurope"
    return [
        Violation(
            rule=KNOWN_REGION,
            key=key,
            value=location,
            found="unknown Azure region",
            allowed=f"one of Azure's {len(REGIONS)} regions, e.g. northeurope, westeurope, eastus, swedencentral",
            fix=f"set '{key}' to e.g. '{proposal}'",
        )
    ]


@rule(
    id=KNOWN_REGION,
    summary="Every resource is in an existing Azure region.",
    why="Azure rejects a misspelt region only when the first resource is created.",
    severity=Severity.HIGH,
    source="Azure regions",
    fix="Set 'location' to the name of a region, or omit it to use the resource group's.",
    applies_to=ALL,
)
def require_known_region(resource: ResourceView, _parameters: Parameters) -> Iterable[Violation]:
    """By name or display name."""
    location = resource.props.get("location")
    return () if location is None else check_location(location)


@rule(
    id="location-resource-limit-allowed",
    summary="Every resource is in a region that the organization allows.",
    why="Data may have to stay in a country.",
    severity=Severity.HIGH,
    source="built-in e56962a6, e765b5de",
    fix="Set 'location' to an allowed region.",
    applies_to=ALL,
    parameters={"allowedLocations": []},
)
def limit_allowed_locations(resource: ResourceView, parameters: Parameters) -> Iterator[Violation]:
    """`allowedLocations`: allowed regions; empty allows all."""
    allowed, location = texts(parameters["allowedLocations"]), resource.props.get("location")
    if location is None or not allowed or normalise(str(location)) in {normalise(name) for name in allowed}:
        return
    yield Violation(
        key="location",
        value=location,
        found="this location is not allowed here",
        allowed=one_of(allowed),
        fix=f"set 'location' to '{allowed[0]}'",
    )


@rule(
    id="location-resource-require-same-as-group",
    summary="Every resource is in the region of its resource group.",
    why="A group keeps its resources' metadata in its own region; if that region is down, none of them can be changed.",
    severity=Severity.LOW,
    source="built-in 'Audit resource location matches resource group location'",
    fix="Omit 'location', or set it to the resource group's.",
    applies_to=ALL,
)
def require_same_as_group(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Checked only if the group's location is known."""
    location = resource.props.get("location")
    group = resource.group.props.get("location") if resource.group else None
    if location is None or group is None or normalise(str(location)) == normalise(str(group)):
        return
    yield Violation(
        key="location",
        value=location,
        found=f"its resource group is in {group}",
        allowed=str(group),
        fix=f"set 'location' to '{group}', or omit it",
    )
