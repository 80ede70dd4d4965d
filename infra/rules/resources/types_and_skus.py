"""Resource types and SKUs that an organization forbids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.rules.policy.rule import ALL, Parameters, ResourceView, Severity, rule, texts
from infra.rules.violation import Violation, one_of


@rule(
    id="resource-forbid-types",
    summary="No resource has a type that the organization forbids.",
    why="Some services are not approved.",
    severity=Severity.MEDIUM,
    source="built-in, section 7",
    fix="Remove the resource, or ask for an exemption.",
    applies_to=ALL,
    parameters={"forbiddenTypes": []},
)
def forbid_types(resource: ResourceView, parameters: Parameters) -> Iterator[Violation]:
    """`forbiddenTypes`: Azure's type names, compared without case."""
    arm_type = resource.component.arm_type
    if arm_type.lower() in {name.lower() for name in texts(parameters["forbiddenTypes"])}:
        yield Violation(
            key="type",
            value=arm_type,
            found="this type is not allowed here",
            allowed="any other type",
            fix="remove the resource, or ask for an exemption",
        )


@rule(
    id="resource-limit-skus",
    summary="A resource has a SKU that the organization allows.",
    why="Some SKUs cost more than a project may spend.",
    severity=Severity.MEDIUM,
    source="built-in 7433c107",
    fix="Set 'sku' to an allowed value.",
    applies_to=ALL,
    parameters={"allowedSkus": {}},
)
def limit_skus(resource: ResourceView, parameters: Parameters) -> Iterator[Violation]:
    """`allowedSkus`: allowed SKUs by section of the stack file, e.g. `storageAccount`; a missing section allows all."""
    by_section = parameters["allowedSkus"]
    allowed = texts(by_section.get(resource.component.section)) if isinstance(by_section, Mapping) else []
    sku = resource.props.get("sku")
    if sku is None or not allowed or sku in allowed:
        return
    yield Violation(
        key="sku",
        value=sku,
        found="this SKU is not allowed here",
        allowed=one_of(allowed),
        fix=f"set 'sku' to '{allowed[0]}'",
    )
