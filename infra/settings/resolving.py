"""Resolve typed input to complete resources: defaults, names, inherited tags, ids.

Checks only what it generates: a name that can't be generated is a violation and stays missing, so that its consequences
are not reported too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.rules.names.naming import NamingComponents
from infra.rules.names.regions import normalise
from infra.rules.policy.evaluation import Evaluator
from infra.rules.policy.policy_assignments import Effect
from infra.rules.resources import component_types
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.resources.properties import with_defaults
from infra.rules.resources.resource_ids import resource_id
from infra.rules.resources.resource_properties import RESOURCE_PROPERTIES
from infra.rules.stack.deployed_resources import Deployed, check_existing, find_deployed
from infra.rules.tags.tag_inheritance import inherit, inherit_tags, merge
from infra.settings.default_names import make_names
from infra.settings.resolved_stack import ResolvedResource, ResolvedStack
from infra.settings.stack_input import ResourceInput, StackInput, default

_NO_VERSIONS = (
    "ml-workspace:{section}.blobVersioning has no effect while 'kind' is 'Storage': general-purpose v1 does not "
    "support versions of blobs. It takes effect after an upgrade to 'StorageV2'."
)


def resolve(given: StackInput, evaluator: Evaluator, deployed: Sequence[Deployed] = ()) -> ResolvedStack:
    """Resolve all resources in ``given`` with all their properties; existing ones are looked up in ``deployed``."""
    naming = NamingComponents(
        workload=given.workload or "",
        environment=given.environment or default("environment"),
        location=normalise(given.location or default("location")),
        instance=given.instance or default("instance"),
    )
    stack = ResolvedStack(naming, given.subscription or default("subscription"), evaluator, dict(given.tags or {}))
    own_location = given.resource_group.location
    inherited_key = "ml-workspace:location" if own_location is None else "ml-workspace:resourceGroup.location"
    group_location = naming.location if own_location is None else normalise(own_location)
    for type_token, section, entry, own in _entries(given):
        if (reference := getattr(entry, "existing", None)) is not None:
            _add_existing(stack, type_token, entry, reference, deployed)
            continue
        props: dict[str, Any] = {} if entry.name is None else {"name": entry.name}
        props["location"] = group_location if entry.location is None else normalise(entry.location)
        stack.resources.append(
            ResolvedResource(
                type_token,
                section,
                props | own,
                dict(entry.tags or {}),
                location_key=inherited_key if entry.location is None else f"ml-workspace:{section}.location",
                has_made_name=entry.name is None,
            )
        )
    make_names(stack)
    _fill_in(stack)
    _identify(stack)
    _tag(stack, stack.tags, evaluator.assignments.subscription_tags(stack.subscription))
    return stack


def _add_existing(
    stack: ResolvedStack, type_token: str, entry: ResourceInput, reference: str, deployed: Sequence[Deployed]
) -> None:
    """Add a resource of another stack with its actual properties, if it is found."""
    section = COMPONENT_TYPES[type_token].section
    given = entry.model_dump(by_alias=True, exclude_none=True, exclude={"existing"})
    stack.violations += check_existing(
        reference,
        type_token,
        deployed,
        subscription=stack.subscription,
        others=given,
        key=f"ml-workspace:{section}.existing",
    )
    found = find_deployed(reference, type_token, deployed)
    if found is not None:
        role = {"role": "default"} if type_token == component_types.STORAGE_ACCOUNT else {}
        props = {**found.properties, **role}
        stack.resources.append(
            ResolvedResource(type_token, section, props, {}, location_key="", existing_in=found.stack)
        )


def _tag(stack: ResolvedStack, stack_tags: Mapping[str, str], subscription_tags: Mapping[str, str]) -> None:
    """Set effective tags: the resource's own, the stack's, then those inherited by rules with the effect `modify`."""
    for resource in stack.owned:
        effective = merge(stack_tags, resource.own_tags)
        for rule in stack.rules(resource, Effect.MODIFY):
            if rule.rule is inherit_tags:
                from_group = rule.parameters["source"] == "resourceGroup"
                above = stack.group.props.get("tags", effective) if from_group else subscription_tags
                effective = inherit(above, effective, rule.parameters)
        resource.props["tags"] = effective


def _entries(given: StackInput) -> list[tuple[str, str, ResourceInput, dict[str, Any]]]:
    """Type, section, input and own properties of every resource."""
    accounts: list[tuple[str, str, ResourceInput]] = [("storageAccount", "default", given.storage_account)]
    accounts += [
        (f"additionalStorageAccounts[{index}]", "additional", account)
        for index, account in enumerate(given.additional_storage_accounts)
    ]
    single = {
        component_types.CONTAINER_REGISTRY: given.container_registry,
        component_types.KEY_VAULT: given.key_vault,
        component_types.APPLICATION_INSIGHTS: given.application_insights,
        component_types.WORKSPACE: given.workspace,
    }
    return [
        (component_types.RESOURCE_GROUP, "resourceGroup", given.resource_group, {}),
        *(
            (component_types.STORAGE_ACCOUNT, section, entry, _own(entry) | {"role": role})
            for section, role, entry in accounts
        ),
        *((token, COMPONENT_TYPES[token].section, entry, _own(entry)) for token, entry in single.items()),
    ]


def _own(entry: ResourceInput) -> dict[str, Any]:
    return entry.model_dump(by_alias=True, exclude_none=True, exclude={"name", "location", "tags", "existing"})


def _fill_in(stack: ResolvedStack) -> None:
    """Set defaults of missing properties; some depend on the name."""
    for resource in stack.owned:
        resource.props.update(with_defaults(RESOURCE_PROPERTIES[resource.type_token], resource.props))
        if resource.props.get("kind") == "Storage" and resource.props["blobVersioning"]:
            resource.props["blobVersioning"] = False
            stack.notices.append(_NO_VERSIONS.format(section=resource.section))


def _identify(stack: ResolvedStack) -> None:
    """Set the ids of all resources, and the workspace's references to them."""
    group = stack.group.name
    workspace = stack.of_type(component_types.WORKSPACE)[0]
    for resource in stack.resources:
        if not group or not resource.name:
            continue
        if not resource.existing_in:
            identity = resource_id(stack.subscription, group, resource.kind, resource.name)
            resource.props["resourceId"] = identity
        section = resource.section
        if section in {"storageAccount", "containerRegistry", "keyVault", "applicationInsights"}:
            workspace.props[section] = resource.props["resourceId"]
