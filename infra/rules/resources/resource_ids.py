"""Build and parse Azure-style resource ids.

An id is a resource's path in Azure Resource Manager; the id of a resource group has no provider. Ids are compared
without case, as in Azure (rule N3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.rules.names.name_rules import ResourceKind
from infra.rules.policy.rule import StackRule
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.violation import Violation

SUBSCRIPTION = StackRule("subscription-require-guid", "A subscription is a GUID.")

PROVIDER_TYPES: dict[ResourceKind, str] = {
    component.kind: component.arm_type
    for component in COMPONENT_TYPES.values()
    if component.kind is not ResourceKind.RESOURCE_GROUP
}
_KINDS = {provider.lower(): kind for kind, provider in PROVIDER_TYPES.items()}
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"(?:/providers/(?P<provider>[^/]+/[^/]+)/(?P<name>[^/]+))?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceId:
    """The components of an id; `str()` joins them again."""

    subscription: str
    resource_group: str
    kind: ResourceKind
    name: str

    def __str__(self) -> str:
        """The id as a path."""
        return resource_id(self.subscription, self.resource_group, self.kind, self.name)


def resource_id(subscription: str, resource_group: str, kind: ResourceKind, name: str) -> str:
    """The full id of the resource ``name`` of ``kind``; for a resource group ``name`` is the group's own."""
    base = f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
    if kind is ResourceKind.RESOURCE_GROUP:
        return base
    return f"{base}/providers/{PROVIDER_TYPES[kind]}/{name}"


def parse_resource_id(text: str) -> ResourceId:
    """Parse the id ``text``.

    Raises:
        ValueError: ``text`` is not the id of a workspace's resource.
    """
    match = _ID.fullmatch(text)
    if match is None:
        allowed = "/subscriptions/<id>/resourceGroups/<group>[/providers/<type>/<name>]"
        msg = f"'{text}' is not a resource id; allowed: {allowed}"
        raise ValueError(msg)
    kind = ResourceKind.RESOURCE_GROUP
    if match["provider"] is not None:
        if match["provider"].lower() not in _KINDS:
            types = ", ".join(sorted(PROVIDER_TYPES.values()))
            msg = f"'{text}' has the unknown type '{match['provider']}'; allowed: {types}"
            raise ValueError(msg)
        kind = _KINDS[match["provider"].lower()]
    return ResourceId(
        subscription=match["subscription"],
        resource_group=match["group"],
        kind=kind,
        name=match["name"] or match["group"],
    )


def name_scope(resource: str) -> str:
    """Id of the scope in which the name of the resource id ``resource`` is unique; empty if it is not a resource id."""
    try:
        identity = parse_resource_id(resource)
    except ValueError:
        return ""
    subscription = f"/subscriptions/{identity.subscription}"
    if identity.kind is ResourceKind.RESOURCE_GROUP:
        return subscription
    return f"{subscription}/resourceGroups/{identity.resource_group}"


def check_subscription(subscription: str, *, key: str = "subscription") -> list[Violation]:
    """A violation if ``subscription`` is not a GUID."""
    if _GUID.fullmatch(subscription):
        return []
    return [
        Violation(
            rule=SUBSCRIPTION,
            key=key,
            value=subscription,
            found="it is not a GUID",
            allowed="32 hexadecimal digits in the groups 8-4-4-4-12",
            fix=f"set '{key}' to the subscription's id, or omit it to use 00000000-0000-0000-0000-000000000000",
        )
    ]
