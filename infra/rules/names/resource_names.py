"""Names of resources: legal by Azure's naming rules, and by an organization's own patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from infra.rules.names.name_rules import NAME_RULES
from infra.rules.names.naming import check_name, rule_id
from infra.rules.policy.rule import ALL, Parameters, ResourceView, Rule, Severity, StackRule, rule
from infra.rules.resources import component_types
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.violation import Violation


def _require_legal_name(type_token: str, summary: str, source: str = "") -> Rule:
    """The naming rule of one component type; ``source`` overrides the table's source, which may be more detailed."""
    kind = COMPONENT_TYPES[type_token].kind

    def check(resource: ResourceView, _parameters: Parameters) -> Iterable[Violation]:
        name = resource.props.get("name")
        return () if name is None else check_name(kind, name)

    declare = rule(
        id=rule_id(kind),
        summary=summary,
        why="A name can never be changed, and Azure rejects an illegal one only when the resource is created.",
        severity=Severity.HIGH,
        source=source or NAME_RULES[kind].source,
        fix="Set the resource's 'name' to a legal name, or omit it to get a generated one.",
        applies_to=(type_token,),
    )
    return declare(check)


RESOURCE_GROUP = _require_legal_name(
    component_types.RESOURCE_GROUP, "A resource group has a name that Azure accepts.", "N1, M1"
)
STORAGE_ACCOUNT = _require_legal_name(
    component_types.STORAGE_ACCOUNT, "A storage account has a name that Azure accepts."
)
CONTAINER_REGISTRY = _require_legal_name(
    component_types.CONTAINER_REGISTRY, "A container registry has a name that Azure accepts."
)
KEY_VAULT = _require_legal_name(component_types.KEY_VAULT, "A key vault has a name that Azure accepts.")
APPLICATION_INSIGHTS = _require_legal_name(
    component_types.APPLICATION_INSIGHTS, "Application insights has a name that Azure accepts."
)
WORKSPACE = _require_legal_name(component_types.WORKSPACE, "A workspace has a name that Azure accepts.")

_COMPONENTS = {component.kind for component in COMPONENT_TYPES.values()}
OTHER_NAMES = tuple(
    StackRule(rule_id(kind), f"The name of a {kind} is legal in Azure.")
    for kind in NAME_RULES
    if kind not in _COMPONENTS
)
"""Naming rules of everything that is not a component; checked where the stack file names it."""


@rule(
    id="naming-resource-require-pattern",
    summary="Names follow the organization's naming convention.",
    why="People find a resource by its name, and scripts rely on it.",
    severity=Severity.MEDIUM,
    source="no built-in policy covers names",
    fix="Rename the resource.",
    applies_to=ALL,
    parameters={"patterns": {}},
)
def require_pattern(resource: ResourceView, parameters: Parameters) -> Iterator[Violation]:
    """`patterns`: regular expressions by section of the stack file, e.g. `keyVault`."""
    patterns = parameters["patterns"]
    pattern = patterns.get(resource.component.section) if isinstance(patterns, Mapping) else None
    name = resource.props.get("name")
    if pattern is None or name is None or re.fullmatch(str(pattern), str(name), re.ASCII):
        return
    yield Violation(
        key="name",
        value=name,
        found="the name does not follow the naming convention",
        allowed=f"names that match {pattern}",
        fix="rename the resource",
    )
