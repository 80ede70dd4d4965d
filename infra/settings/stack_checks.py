"""Every rule over a whole stack: parts of names, resources, tags, datastores, ports.

Owns only the order and which key a violation is told at: a tag that every resource inherits is wrong once, where it is
written, not once per resource. The rules themselves are in `infra.rules`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from infra.rules.datastores.registered_datastores import check_datastores
from infra.rules.names.naming_components import check_environment, check_instance, check_workload
from infra.rules.names.regions import RULE as LOCATION
from infra.rules.names.regions import check_location
from infra.rules.names.uniqueness import Named, check_unique
from infra.rules.policy.policy_assignments import AssignedRule, Assignments, Effect
from infra.rules.policy.resource_rules import RESOURCE_CHECKS
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.rules.resources.required_properties import RULE as SHAPE
from infra.rules.resources.resource_ids import check_subscription, name_scope
from infra.rules.resources.service_limits import check_limits
from infra.rules.stack.deployed_resources import Deployed, names_in_use
from infra.rules.stack.host_settings import NEEDED_PORTS, check_image_registry, check_port_range
from infra.rules.tags import tag_limits
from infra.rules.violation import Violation
from infra.settings.config_reading import NAMESPACE, Reading
from infra.settings.resolution import Draft, Resolution
from infra.settings.stack_input import StackInput

# Judged by functions of their own below: told where they are written, not once for every resource that inherits them.
_ONCE = frozenset(
    {
        tag_limits.COUNT,
        tag_limits.NAME,
        tag_limits.VALUE,
        tag_limits.CASE,
        tag_limits.SECRET,
        tag_limits.REQUIRED,
        SHAPE,
    }
)
MISSING = "settings-key-require-value"
_OTHER = "set '{prefix}.existing' to another resource, or leave it out for one of the stack's own"
_TAGS_KEY = f"{NAMESPACE}tags"


class Rules:
    """The assigned rules of effect deny, as they hold for each resource on a day."""

    def __init__(self, resolution: Resolution, assignments: Assignments, today: dt.date) -> None:
        self._denying = [rule for rule in resolution.effective if rule.effect is Effect.DENY]
        self._assignments = assignments
        self._today = today

    def denying(self, draft: Draft) -> list[AssignedRule]:
        """The rules that refuse ``draft`` when it breaks them."""
        identity = str(draft.props.get("resourceId", ""))
        return [
            rule
            for rule in self._denying
            if draft.type_token in RESOURCE_CHECKS[rule.rule].applies_to
            and not self._assignments.is_exempt(rule, identity, self._today)
        ]

    def refused(self, violations: Iterable[Violation], drafts: Sequence[Draft]) -> Iterator[Violation]:
        """Those of ``violations`` whose rule refuses any of ``drafts``."""
        by_rule = {rule.rule: rule for draft in drafts for rule in self.denying(draft)}
        for violation in violations:
            if violation.rule in by_rule:
                yield by_rule[violation.rule].attributed(violation)


def check(
    reading: Reading,
    resolution: Resolution,
    assignments: Assignments,
    today: dt.date,
    deployed: Sequence[Deployed] = (),
) -> list[Violation]:
    """Everything that is wrong with a stack, each thing once."""
    rules, drafts = Rules(resolution, assignments, today), resolution.drafts
    stack_tags = reading.input.tags or {}
    found = [
        *reading.violations,
        *_check_parts(reading.input, reading.unusable),
        *resolution.violations,
        *(violation for draft in drafts for violation in _check_draft(draft, rules, reading.unusable)),
        *rules.refused(_check_tags(stack_tags, resolution.owned), drafts),
        *_check_required_tags(resolution.owned, rules, stack_tags, reading.unusable),
        *_check_names(resolution, deployed),
        *_check_datastores(reading),
        *_check_endpoints(reading.input),
        *check_limits(reading.input.limits.model_dump(by_alias=True), key=f"{NAMESPACE}limits"),
    ]
    return list(dict.fromkeys(found))


def _check_parts(given: StackInput, unusable: Iterable[str]) -> Iterator[Violation]:
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


def _check_draft(draft: Draft, rules: Rules, unusable: frozenset[str]) -> Iterator[Violation]:
    """Properties of one resource; an inherited location is judged where it is written."""
    prefix = f"{NAMESPACE}{draft.section}"
    nameless = draft.props.get("role") == "additional" and "name" not in draft.props
    if nameless and not unusable & {prefix, f"{prefix}.name"}:
        yield missing(f"{prefix}.name", "an additional storage account has no default name", "e.g. 'stchurndata001'")
    for rule in rules.denying(draft):
        if rule.rule in _ONCE or (rule.rule == LOCATION and not draft.own_location):
            continue
        for violation in RESOURCE_CHECKS[rule.rule].check(draft.type_token, draft.judged, rule.parameters):
            located = rule.attributed(violation.under(prefix))
            yield replace(located, fix=_OTHER.format(prefix=prefix)) if draft.existing_in else located


def _check_tags(stack_tags: dict[str, str], drafts: list[Draft]) -> Iterator[Violation]:
    """Each set of tags by itself, then what only the sum with inherited ones breaks."""
    yield from tag_limits.check_own(stack_tags, key=_TAGS_KEY)
    for draft in drafts:
        key = f"{NAMESPACE}{draft.section}.tags"
        on_storage = draft.type_token == STORAGE_ACCOUNT
        yield from tag_limits.check_own(draft.own_tags, on_storage=on_storage, key=key)
        if len(stack_tags) <= tag_limits.MAX_TAGS and len(draft.own_tags) <= tag_limits.MAX_TAGS:
            yield from tag_limits.check_count(draft.props["tags"], key=key)
        if on_storage:
            inherited = {name: "" for name in stack_tags if len(name) <= tag_limits.MAX_NAME}
            yield from tag_limits.check_names(inherited, on_storage=True, key=_TAGS_KEY, only_length=True)


def _check_required_tags(
    drafts: list[Draft], rules: Rules, stack_tags: dict[str, str], unusable: frozenset[str]
) -> Iterator[Violation]:
    """Required tags, after inheritance; one violation for a tag that several resources lack."""
    found = [
        (draft, rule.attributed(violation))
        for draft in drafts
        for rule in rules.denying(draft)
        if rule.rule == tag_limits.REQUIRED
        for violation in RESOURCE_CHECKS[rule.rule].check(draft.type_token, draft.props, rule.parameters)
    ]
    counts = Counter(violation.key for _, violation in found if violation.value is None)
    inherited = {f"tags.{name.lower()}" for name in stack_tags}
    for draft, violation in found:
        own = f"{NAMESPACE}{draft.section}."
        everywhere = counts[violation.key] > 1 or violation.key.lower() in inherited
        prefix = NAMESPACE if everywhere and violation.key[5:] not in draft.own_tags else own
        if not unusable & {f"{own}tags", f"{own}{violation.key}", _TAGS_KEY, f"{NAMESPACE}{violation.key}"}:
            yield replace(violation, key=prefix + violation.key)


def _check_names(resolution: Resolution, deployed: Sequence[Deployed]) -> list[Violation]:
    return check_unique(
        (
            Named(
                kind=draft.kind,
                name=draft.name,
                key=f"{NAMESPACE}{draft.section}.name",
                scope=name_scope(str(draft.props.get("resourceId", ""))),
            )
            for draft in resolution.owned
            if draft.name
        ),
        names_in_use(deployed),
    )


def _check_datastores(reading: Reading) -> Iterator[Violation]:
    unusable = reading.unusable
    entries = [datastore.model_dump(exclude_none=True, by_alias=True) for datastore in reading.input.datastores]
    for violation in check_datastores(entries, key=f"{NAMESPACE}datastores", encrypted=reading.encrypted):
        # A value of a wrong type has been told as such; it is not missing as well.
        if violation.key not in unusable:
            yield violation
    for index, entry in enumerate(entries):
        prefix = f"{NAMESPACE}datastores[{index}]"
        for name, example in (("name", "features"), ("type", "AzureBlob"), ("container", "features")):
            if name not in entry and not unusable & {prefix, f"{prefix}.{name}"}:
                yield missing(f"{prefix}.{name}", "a datastore needs it", f"e.g. '{example}'")
        yield from tag_limits.check_own(entry.get("tags", {}), key=f"{prefix}.tags")


def _check_endpoints(given: StackInput) -> Iterator[Violation]:
    ports = given.port_range.model_dump(exclude_none=True)
    # An additional storage account is a service of its own, with a port of its own.
    needed = NEEDED_PORTS + len(given.additional_storage_accounts)
    yield from check_port_range(ports, needed=needed, key=f"{NAMESPACE}portRange")
    if given.image_registry:
        yield from check_image_registry(given.image_registry, key=f"{NAMESPACE}imageRegistry")


def missing(key: str, found: str, example: str) -> Violation:
    """The violation by a key that has to have a value; ``found`` says what needs it."""
    return Violation(
        rule=MISSING, key=key, value=None, found=f"it is missing: {found}", allowed=example, fix=f"set '{key}'"
    )
