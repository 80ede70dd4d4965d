"""Every rule over a whole stack: parts of names, resources, tags, datastores, ports.

Owns only the order and which key a violation is told at: a tag that every resource inherits is wrong once, where it is
written, not once per resource. The rules themselves are in `infra.rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infra.rules import tags
from infra.rules.checks import check_resource
from infra.rules.datastores import check_datastores
from infra.rules.endpoints import check_image_registry, check_port_range
from infra.rules.ids import check_subscription
from infra.rules.parts import check_environment, check_instance, check_workload
from infra.rules.regions import RULE as LOCATION
from infra.rules.regions import check_location
from infra.rules.resources import STORAGE_ACCOUNT
from infra.rules.uniqueness import Named, check_unique
from infra.rules.violation import Violation
from infra.settings.reading import NAMESPACE, Reading
from infra.settings.resolving import Draft, Resolution
from infra.settings.stack_input import StackInput

REQUIRED_TAGS = ("owner", "cost-center", "project")
MISSING = "settings-key-require-value"
_TAGS_KEY = f"{NAMESPACE}tags"


def check(reading: Reading, resolution: Resolution) -> list[Violation]:
    """Everything that is wrong with a stack, each thing once."""
    found = [
        *reading.violations,
        *_check_parts(reading.input, reading.unusable),
        *resolution.violations,
        *(violation for draft in resolution.drafts for violation in _check_draft(draft, reading.unusable)),
        *_check_tags(reading.input.tags or {}, resolution.drafts),
        *_check_required_tags(resolution.drafts, reading.unusable),
        *_check_names(resolution),
        *_check_datastores(reading.input, reading.unusable),
        *_check_endpoints(reading.input),
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


def _check_draft(draft: Draft, unusable: frozenset[str]) -> Iterator[Violation]:
    """Properties of one resource; an inherited location is judged where it is written."""
    prefix = f"{NAMESPACE}{draft.section}"
    if draft.props.get("role") == "additional" and not draft.name and f"{prefix}.name" not in unusable:
        yield _missing(f"{prefix}.name", "an additional storage account has no default name", "e.g. 'stchurndata001'")
    for violation in check_resource(draft.type_token, draft.props):
        if violation.rule != LOCATION or draft.own_location:
            yield violation.under(prefix)


def _check_tags(stack_tags: dict[str, str], drafts: list[Draft]) -> Iterator[Violation]:
    """Each set of tags by itself, then what only the sum with inherited ones breaks."""
    yield from tags.check_own(stack_tags, key=_TAGS_KEY)
    for draft in drafts:
        key = f"{NAMESPACE}{draft.section}.tags"
        on_storage = draft.type_token == STORAGE_ACCOUNT
        own = tags.check_own(draft.own_tags, on_storage=on_storage, key=key)
        yield from own
        if len(stack_tags) <= tags.MAX_TAGS and len(draft.own_tags) <= tags.MAX_TAGS:
            yield from tags.check_count(draft.props["tags"], key=key)
        if on_storage:
            inherited = {name: "" for name in stack_tags if len(name) <= tags.MAX_NAME}
            yield from tags.check_names(inherited, on_storage=True, key=_TAGS_KEY, only_length=True)


def _check_required_tags(drafts: list[Draft], unusable: frozenset[str]) -> Iterator[Violation]:
    """Required tags, after inheritance; one violation for a tag that no resource has."""
    for name in REQUIRED_TAGS:
        without = [draft for draft in drafts if tags.missing(draft.props["tags"], [name])]
        keys = [f"{NAMESPACE}{draft.section}.tags" for draft in without]
        if len(without) == len(drafts):
            keys = [_TAGS_KEY]
        for key in keys:
            if not unusable & {key, f"{key}.{name}", _TAGS_KEY, f"{_TAGS_KEY}.{name}"}:
                yield tags.missing_violation(name, key=key)


def _check_names(resolution: Resolution) -> list[Violation]:
    group = resolution.drafts[0].props.get("resourceId", "")
    return check_unique(
        Named(kind=draft.kind, name=draft.name, key=f"{NAMESPACE}{draft.section}.name", scope=str(group))
        for draft in resolution.drafts
        if draft.name
    )


def _check_datastores(given: StackInput, unusable: frozenset[str]) -> Iterator[Violation]:
    entries = [datastore.model_dump(exclude_none=True) for datastore in given.datastores]
    yield from check_datastores(entries, key=f"{NAMESPACE}datastores")
    for index, entry in enumerate(entries):
        prefix = f"{NAMESPACE}datastores[{index}]"
        for name, example in (("name", "features"), ("type", "AzureBlob"), ("container", "features")):
            if name not in entry and not unusable & {prefix, f"{prefix}.{name}"}:
                yield _missing(f"{prefix}.{name}", "a datastore needs it", f"e.g. '{example}'")
        yield from tags.check_own(entry.get("tags", {}), key=f"{prefix}.tags")


def _check_endpoints(given: StackInput) -> Iterator[Violation]:
    yield from check_port_range(given.port_range.model_dump(exclude_none=True), key=f"{NAMESPACE}portRange")
    if given.image_registry:
        yield from check_image_registry(given.image_registry, key=f"{NAMESPACE}imageRegistry")


def _missing(key: str, found: str, example: str) -> Violation:
    return Violation(
        rule=MISSING, key=key, value=None, found=f"it is missing: {found}", allowed=example, fix=f"set '{key}'"
    )
