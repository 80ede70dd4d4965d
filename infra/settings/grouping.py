"""Report each violation once, at the key that must change, even if several resources inherit the value.

Location, workload and subscription are written once and affect every resource, but rules check one resource at a time.
This module merges their violations. Tags are excluded: `stack_checks` checks them where they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from infra.rules.resources.changes import REPLACEMENT
from infra.rules.stack.resource_changes import section_key
from infra.rules.stack.stack_changes import Resources, resource_key
from infra.rules.stack.stack_file_keys import NAMESPACE
from infra.rules.violation import Violation
from infra.settings.changed_keys import WORKLOAD, changed_key
from infra.settings.resolved_stack import ResolvedResource, ResolvedStack


def group(violations: Iterable[Violation], stack: ResolvedStack, before: Resources | None = None) -> list[Violation]:
    """Report each violation once, at its key.

    Args:
        violations: Violations with keys of single resources.
        stack: The stack that is checked.
        before: Its resources as of its last update.
    """
    located = [_at_origin(violation, stack, before or {}) for violation in violations]
    return _merge_equal(_merge_names(located, stack))


def _at_origin(violation: Violation, stack: ResolvedStack, before: Resources) -> Violation:
    """Move a violation to the key that its value comes from."""
    for resource in stack.resources:
        for section in {f"{NAMESPACE}{resource.section}", section_key(resource.type_token, resource.props)}:
            name = violation.key.removeprefix(f"{section}.")
            if name == violation.key:
                continue
            if name == "location" and not resource.existing_in:
                return stack.locate(resource, replace(violation, key="location"))
            if violation.rule == REPLACEMENT:
                held = before.get(resource_key(resource.type_token, resource.props), {})
                return changed_key(violation, stack, resource, name, held.get("properties", {}))
    return violation


def _merge_names(violations: list[Violation], stack: ResolvedStack) -> Iterator[Violation]:
    """If several generated names break one rule, report the workload; for a single one, propose to set its name."""
    made = {f"{NAMESPACE}{one.section}.name": one for one in stack.owned if one.has_made_name}
    told: set[str] = set()
    for violation in violations:
        same = [other for other in violations if other.key in made and other.rule == violation.rule]
        if violation.key not in made or len(same) == 1:
            yield violation
        elif violation.rule not in told:
            told.add(violation.rule)
            yield _of_workload(same, made, stack.naming.workload)


def _of_workload(same: list[Violation], made: Mapping[str, ResolvedResource], workload: str) -> Violation:
    by_kind = {str(made[violation.key].kind): violation for violation in same}
    names = ", ".join(f"{kind} {violation.shown_value}" for kind, violation in by_kind.items())
    keys = ", ".join(f"'{key}'" for key in dict.fromkeys(violation.key for violation in same))
    return replace(
        same[0],
        key=WORKLOAD,
        value=workload,
        found=f"names generated from it break this rule: {names}; the first: {same[0].found}",
        allowed="; ".join(f"{kind}: {violation.allowed}" for kind, violation in by_kind.items()),
        fix=f"set '{WORKLOAD}' to a value that gives allowed names, or set {keys}",
        resources=tuple(name for violation in same for name in violation.resources),
    )


def _merge_equal(violations: Iterable[Violation]) -> list[Violation]:
    """Merge equal violations of several assignments or resources, and all losses caused by the change of one key."""
    merged: dict[tuple[str, ...], Violation] = {}
    for violation in violations:
        told: tuple[str, ...] = (violation.rule, violation.key)
        if not violation.lost:
            told += (repr(violation.value), violation.found, violation.allowed, violation.fix)
        first = merged.setdefault(told, violation)
        if first is not violation and violation.lost:
            resources = tuple(dict.fromkeys([*first.resources, *violation.resources]))
            merged[told] = replace(first, resources=resources)
    return list(merged.values())
