"""Workspaces: their properties, and the one SKU that the service accepts (T2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from infra.rules.policy.rule import Parameters, ResourceView, Severity, rule
from infra.rules.resources.allowed_values import check_allowed
from infra.rules.resources.changes import Replaces
from infra.rules.resources.component_types import WORKSPACE
from infra.rules.resources.properties import Derived, Property, ResourceProperties
from infra.rules.violation import Violation, one_of

SKUS = ("Basic",)


def _no_case(value: object) -> object:
    return str(value).lower()


_OWN = Derived("the stack's own, or the existing one")


class WorkspaceProperties(ResourceProperties):
    """A workspace; the last four properties are the ids of its associated resources."""

    friendly_name: Annotated[
        str,
        Property(doc="Display name.", default=Derived("the name", lambda props: props.get("name", "")), required=False),
    ]
    description: Annotated[str, Property(doc="What the workspace is for.", default="", required=False)]
    sku: Annotated[str, Property(doc=f"Pricing tier: {one_of(SKUS)}.", default="Basic", source="T2")]
    soft_delete_retention_in_days: Annotated[
        int,
        Property(
            doc="Days for which a deleted workspace, its data and its name are kept: 1 to 90; 0 deletes immediately.",
            default=0,
            source="M9, R4",
            required=False,
        ),
    ]
    storage_account: Annotated[
        str,
        Property(
            doc="Id of its storage account.",
            default=_OWN,
            change=Replaces("a workspace's storage account can't be changed", _no_case),
            source="M1",
            settable=False,
        ),
    ]
    key_vault: Annotated[
        str,
        Property(
            doc="Id of its key vault.",
            default=_OWN,
            change=Replaces("a workspace's key vault can't be changed", _no_case),
            source="M1",
            settable=False,
        ),
    ]
    container_registry: Annotated[
        str, Property(doc="Id of its container registry.", default=_OWN, source="M1", settable=False)
    ]
    application_insights: Annotated[
        str, Property(doc="Id of its application insights.", default=_OWN, source="M1", settable=False)
    ]


@rule(
    id="workspace-limit-sku",
    summary="A workspace has the one SKU that the service accepts.",
    why="Documentation lists other SKUs, but the service rejects them.",
    severity=Severity.HIGH,
    source="T2",
    fix="Set 'sku' to 'Basic'.",
    applies_to=(WORKSPACE,),
)
def limit_sku(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Case matters."""
    return check_allowed(resource, "sku", SKUS, "the service does not accept this SKU for a workspace")
