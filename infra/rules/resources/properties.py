"""Properties of resources, each declared once: an annotated attribute of the class that its resource has.

Made from a declaration: what a stack file may hold, the complete resource, which properties a component has to
register, what may change, and the page `docs/settings.md`. The attribute's name in camel case is Azure's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from infra.rules.names.regions import normalise
from infra.rules.resources.changes import Change, Replaces
from infra.rules.resources.resource_ids import parse_resource_id

Props = Mapping[str, object]

_AZURE_NAMES = {"id": "resourceId", "quota_in_gib": "quotaInGiB", "memory_in_gb": "memoryInGB"}


@dataclass(frozen=True, slots=True)
class Derived:
    """A default that depends on other values.

    Attributes:
        words: What it is, for the reference page.
        of: Makes it from the resource's other properties; None where it comes from outside of the resource.
    """

    words: str
    of: Callable[[Props], object] | None = None


REQUIRED = Derived("required")
"""No default: a rule refuses what lacks the property."""


RESTARTS = "in place; its container is replaced, data stays"
"""Effect of a change that the service reads at its start only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """What a property is, apart from its name and type.

    Attributes:
        doc: What it means, for the reference page.
        default: Its value where none is given, or how that is found.
        change: Which changes are refused; None for none.
        effect: What a change that is not refused does, for the reference page.
        source: Where it is documented: codes of the facts on Azure's rules.
        settable: Whether a stack file may set it.
        required: Whether a component has to register it, because rules need it.
        secret: Whether its value is never shown.
    """

    doc: str
    default: object
    change: Change = None
    effect: str = "in place"
    source: str = ""
    settable: bool = True
    required: bool = True
    secret: bool = False


@dataclass(frozen=True, slots=True)
class DeclaredProperty:
    """A property with its names and its type."""

    attribute: str
    key: str
    type: Any
    property: Property


def _resource_group(value: object) -> object:
    try:
        identity = parse_resource_id(str(value))
    except ValueError:
        return value
    return identity.subscription.lower(), identity.resource_group.lower()


def _region(value: object) -> object:
    return normalise(str(value))


class ResourceProperties:
    """What every resource has."""

    # Also not in its case, which means nothing to Azure: objects of the engine are named by it.
    name: Annotated[
        str,
        Property(
            doc="Name of the resource.",
            default=Derived("made by the naming pattern"),
            change=Replaces("a name can't be changed"),
            source="N1",
        ),
    ]
    location: Annotated[
        str,
        Property(
            doc="Region of Azure's.",
            default=Derived("the resource group's, whose own is the stack's"),
            change=Replaces("a resource can't move to another region", _region),
            source="Azure regions",
        ),
    ]
    tags: Annotated[
        dict[str, str], Property(doc="Tags, added to those of the stack.", default=Derived("inherited"), source="G1")
    ]
    id: Annotated[
        str,
        Property(
            doc="Full resource id.",
            default=Derived("made of subscription, resource group and name"),
            change=Replaces("a move to another group or subscription replaces the resource", _resource_group),
            settable=False,
        ),
    ]


@cache
def declared_properties(section: type) -> dict[str, DeclaredProperty]:
    """The properties that a class declares or inherits, by Azure's name, inherited ones first."""
    hints = get_type_hints(section, include_extras=True)
    declared = (
        DeclaredProperty(attribute, azure_name(attribute), *get_args(hint)[:2])
        for attribute, hint in hints.items()
        if get_origin(hint) is Annotated
    )
    return {entry.key: entry for entry in declared}


def azure_name(attribute: str) -> str:
    """Azure's name of the property that is called ``attribute`` here."""
    if attribute in _AZURE_NAMES:
        return _AZURE_NAMES[attribute]
    first, *others = attribute.split("_")
    return first + "".join(word.title() for word in others)


def with_defaults(section: type, given: Props) -> dict[str, Any]:
    """``given`` with the defaults of what it lacks, so far as the section itself has them."""
    props: dict[str, Any] = dict(given)
    for key, declared in declared_properties(section).items():
        default = declared.property.default
        if key in props:
            continue
        if not isinstance(default, Derived):
            props[key] = default
        elif default.of:
            props[key] = default.of(props)
    return props
