"""Check all rules for a stack: naming components, resources, tags, datastores, ports.

Owns only the order and the keys of violations: an invalid tag that every resource inherits is reported once, where it
is written, not once per resource. The rules themselves are in `infra.rules`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from infra.rules.datastores.registered_datastores import check_datastores
from infra.rules.datastores.shared_containers import check_shared_containers
from infra.rules.names.naming_components import check_environment, check_instance, check_workload
from infra.rules.names.uniqueness import Named, check_unique
from infra.rules.policy.evaluation import ApplicableRule
from infra.rules.policy.policy_assignments import Effect
from infra.rules.resources import inference, tracking
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.rules.resources.location import check_location, require_known_region
from infra.rules.resources.management_locks import Level, check_management_locks
from infra.rules.resources.required_properties import require_properties
from infra.rules.resources.resource_ids import check_subscription, name_scope, parse_resource_id
from infra.rules.resources.service_limits import check_limits
from infra.rules.stack.deployed_resources import Deployed, names_in_use
from infra.rules.stack.expiry import check_expiry
from infra.rules.stack.host_settings import NEEDED_PORTS, check_image_registry, check_port_range
from infra.rules.stack.soft_delete import check_retention
from infra.rules.stack.stack_file_keys import NAMESPACE, missing_value
from infra.rules.tags import tag_limits
from infra.rules.tags.required_tags import require_tags
from infra.rules.tags.tag_limits import MAX_NAME, MAX_NAME_ON_STORAGE, MAX_TAGS, check_tags
from infra.rules.violation import Violation
from infra.settings.config_reading import Reading
from infra.settings.resolved_stack import ResolvedResource, ResolvedStack
from infra.settings.stack_input import StackInput

# Checked by separate functions below, to report them where they are written, not once per resource that inherits them.
_ONCE = frozenset({*tag_limits.RULES, require_tags, require_properties})
_OTHER = "set '{prefix}.existing' to another resource, or remove it to give the stack its own"

Evaluated = list[tuple[ResolvedResource, list[ApplicableRule]]]
"""Resources with the rules of one effect that apply to them."""


def check(reading: Reading, stack: ResolvedStack, deployed: Sequence[Deployed] = ()) -> list[Violation]:
    """All violations in a stack, each once."""
    found = [
        *reading.violations,
        *_check_naming(reading.input, reading.unusable),
        *stack.violations,
        *(violation for resource in stack.resources for violation in _check_named(resource, reading.unusable)),
        *check_rules(stack, Effect.DENY, reading.unusable),
        *_check_names(stack, deployed),
        *_check_datastores(reading, stack),
        *_check_endpoints(reading.input),
        *_check_locks(reading),
        *check_retention(
            reading.input.workspace.model_dump().get("soft_delete_retention_in_days"),
            key=f"{NAMESPACE}workspace.softDeleteRetentionInDays",
        ),
        *_check_tracking(reading.input, stack),
        *_check_inference(reading.input),
        *check_expiry(reading.input.expires_after, reading.input.expires_on, prefix=NAMESPACE),
        *check_limits(reading.input.limits.model_dump(by_alias=True), key=f"{NAMESPACE}limits"),
    ]
    return list(dict.fromkeys(found))


def check_rules(stack: ResolvedStack, effect: Effect, unusable: frozenset[str] = frozenset()) -> list[Violation]:
    """Violations of the rules that are assigned with an effect, at the keys that must change.

    Args:
        stack: The stack.
        effect: `deny` for violations that reject the stack, `audit` for advice on the stack's own resources.
        unusable: Keys whose values can't be checked.
    """
    resources = stack.owned if effect is Effect.AUDIT else stack.resources
    evaluated = [(resource, stack.rules(resource, effect)) for resource in resources]
    owned = [(resource, rules) for resource, rules in evaluated if not resource.existing_in]
    return [
        *(violation for entry in evaluated for violation in _check_resource(stack, *entry)),
        *_of_rules(_check_tags(stack.tags, stack), evaluated),
        *_check_required_tags(stack, owned, stack.tags, unusable),
    ]


def _of_rules(violations: Iterable[Violation], evaluated: Evaluated) -> Iterator[Violation]:
    """Those of ``violations`` whose rule applies to any resource."""
    by_rule = {rule.rule.id: rule for _, rules in evaluated for rule in rules}
    for violation in violations:
        if violation.rule in by_rule:
            yield by_rule[violation.rule].assigned.attributed(violation)


def _check_naming(given: StackInput, unusable: Iterable[str]) -> Iterator[Violation]:
    if f"{NAMESPACE}workload" not in unusable:
        yield from check_workload(given.workload, key=f"{NAMESPACE}workload")
    if given.environment is not None:
        yield from check_environment(given.environment, key=f"{NAMESPACE}environment")
    if given.location is not None:
        yield from check_location(given.location, key=f"{NAMESPACE}location")
    if given.instance is not None:
        yield from check_instance(given.instance, key=f"{NAMESPACE}instance")
    if given.subscription is not None:
        yield from check_subscription(given.subscription, key=f"{NAMESPACE}subscription")


def _check_named(resource: ResolvedResource, unusable: frozenset[str]) -> Iterator[Violation]:
    prefix = f"{NAMESPACE}{resource.section}"
    nameless = resource.props.get("role") == "additional" and "name" not in resource.props
    if nameless and not unusable & {prefix, f"{prefix}.name"}:
        found = "an additional storage account has no default name"
        yield missing_value(f"{prefix}.name", found, "e.g. 'stchurndata001'")


def _check_resource(
    stack: ResolvedStack, resource: ResolvedResource, rules: Iterable[ApplicableRule]
) -> Iterator[Violation]:
    """Check the properties of one resource; an inherited location is checked where it is written."""
    prefix = f"{NAMESPACE}{resource.section}"
    view, evaluated = stack.view(resource), {f"{NAMESPACE}location"}
    for rule in rules:
        if rule.rule in _ONCE or (rule.rule is require_known_region and resource.location_key in evaluated):
            continue
        for violation in rule.check(view):
            located = stack.locate(resource, violation)
            yield replace(located, fix=_OTHER.format(prefix=prefix)) if resource.existing_in else located


def _check_tags(stack_tags: dict[str, str], stack: ResolvedStack) -> Iterator[Violation]:
    """Check each set of tags on its own, then limits that are exceeded only together with inherited tags."""
    yield from _under(NAMESPACE, check_tags(stack_tags))
    for resource in stack.owned:
        prefix = f"{NAMESPACE}{resource.section}"
        yield from _under(prefix, check_tags(resource.own_tags, resource.type_token))
        if len(stack_tags) <= MAX_TAGS and len(resource.own_tags) <= MAX_TAGS:
            yield from _under(prefix, tag_limits.limit_count.check(stack.view(resource)))
        if resource.type_token == STORAGE_ACCOUNT:
            long = {name: "" for name in stack_tags if MAX_NAME_ON_STORAGE < len(name) <= MAX_NAME and name.strip()}
            yield from _under(NAMESPACE, check_tags(long, STORAGE_ACCOUNT))


def _check_required_tags(
    stack: ResolvedStack, evaluated: Evaluated, stack_tags: dict[str, str], unusable: frozenset[str]
) -> Iterator[Violation]:
    """Check required tags after inheritance; one violation for a tag that several resources lack."""
    found = [
        (resource, violation)
        for resource, rules in evaluated
        for rule in rules
        if rule.rule is require_tags
        for violation in rule.check(stack.view(resource))
    ]
    counts = Counter(violation.key for _, violation in found if violation.value is None)
    inherited = {f"tags.{name.lower()}" for name in stack_tags}
    for resource, violation in found:
        own = f"{NAMESPACE}{resource.section}."
        everywhere = counts[violation.key] > 1 or violation.key.lower() in inherited
        prefix = NAMESPACE if everywhere and violation.key[5:] not in resource.own_tags else own
        wrong = {f"{own}tags", f"{own}{violation.key}", f"{NAMESPACE}tags", f"{NAMESPACE}{violation.key}"}
        if not unusable & wrong:
            yield replace(violation, key=prefix + violation.key)


def _under(prefix: str, violations: Iterable[Violation]) -> Iterator[Violation]:
    return (violation.under(prefix) for violation in violations)


def _check_names(stack: ResolvedStack, deployed: Sequence[Deployed]) -> list[Violation]:
    return check_unique(
        (
            Named(
                kind=resource.kind,
                name=resource.name,
                key=f"{NAMESPACE}{resource.section}.name",
                scope=name_scope(str(resource.props.get("resourceId", ""))),
            )
            for resource in stack.owned
            if resource.name
        ),
        names_in_use(deployed),
    )


def _check_datastores(reading: Reading, stack: ResolvedStack) -> Iterator[Violation]:
    unusable = reading.unusable
    entries = [datastore.model_dump(exclude_none=True, by_alias=True) for datastore in reading.input.datastores]
    for violation in check_datastores(entries, key=f"{NAMESPACE}datastores", encrypted=reading.encrypted):
        # A value of the wrong type has been reported already; do not report it as missing too.
        if violation.key not in unusable:
            yield violation
    account = next(iter(stack.of_type(STORAGE_ACCOUNT)), None)
    if account and account.existing_in:
        yield from check_shared_containers(entries, owner=account.existing_in, key=f"{NAMESPACE}datastores")
    for index, entry in enumerate(entries):
        prefix = f"{NAMESPACE}datastores[{index}]"
        for name, example in (("name", "features"), ("type", "AzureBlob"), ("container", "features")):
            if name not in entry and not unusable & {prefix, f"{prefix}.{name}"}:
                yield missing_value(f"{prefix}.{name}", "a datastore requires it", f"e.g. '{example}'")
        yield from _under(prefix, check_tags(entry.get("tags", {})))


def _check_locks(reading: Reading) -> Iterator[Violation]:
    key = f"{NAMESPACE}resourceGroup.locks"
    locks = [lock.model_dump(exclude_none=True, by_alias=True) for lock in reading.input.resource_group.locks]
    yield from check_management_locks(locks, key=key)
    for index, lock in enumerate(locks):
        prefix = f"{key}[{index}]"
        for name, example in (("name", "production"), ("level", Level.CAN_NOT_DELETE)):
            if name not in lock and not reading.unusable & {prefix, f"{prefix}.{name}"}:
                yield missing_value(f"{prefix}.{name}", "a management lock requires it", f"e.g. '{example}'")


def _check_tracking(given: StackInput, stack: ResolvedStack) -> Iterator[Violation]:
    if given.tracking is None:
        return
    yield from tracking.check_retention(given.tracking.model_dump()["soft_delete_retention_in_days"])
    account = stack.of_type(STORAGE_ACCOUNT)[0] if stack.of_type(STORAGE_ACCOUNT) else None
    if account and account.existing_in:
        owners = parse_resource_id(str(account.props["resourceId"])).resource_group
        yield from tracking.check_host_name(owners, key=f"{NAMESPACE}{account.section}.existing")
    elif given.tls:
        yield from tracking.check_host_name(stack.group.name, key=f"{NAMESPACE}{stack.group.section}.name")


def _check_inference(given: StackInput) -> Iterator[Violation]:
    if given.inference is not None:
        section = given.inference.model_dump()
        yield from inference.check_request_size(section["maximum_request_size_in_mb"])
        held = {entry.principal for entry in given.role_assignments if entry.principal}
        yield from inference.check_identities(section["identities"], held)


def _check_endpoints(given: StackInput) -> Iterator[Violation]:
    ports = given.port_range.model_dump(exclude_none=True)
    # An additional storage account is a separate service with its own port, and so are the optional services.
    optional = sum(section is not None for section in (given.tracking, given.inference))
    needed = NEEDED_PORTS + len(given.additional_storage_accounts) + optional
    yield from check_port_range(ports, needed=needed, key=f"{NAMESPACE}portRange")
    if given.image_registry:
        yield from check_image_registry(given.image_registry, key=f"{NAMESPACE}imageRegistry")
