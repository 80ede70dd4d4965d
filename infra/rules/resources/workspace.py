"""Workspaces: the one SKU that the service accepts (T2)."""

from __future__ import annotations

from collections.abc import Iterator

from infra.rules.policy.rule import Parameters, ResourceView, Severity, rule
from infra.rules.resources.allowed_values import check_allowed
from infra.rules.resources.component_types import WORKSPACE
from infra.rules.violation import Violation

SKUS = ("Basic",)


@rule(
    id="workspace-limit-sku",
    summary="A workspace has the one SKU that the service accepts.",
    why="Documents list others, the service refuses them.",
    severity=Severity.HIGH,
    source="T2",
    fix="Set 'sku' to 'Basic'.",
    applies_to=(WORKSPACE,),
)
def limit_sku(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Case matters."""
    return check_allowed(resource, "sku", SKUS, "the service accepts no such SKU of a workspace")
