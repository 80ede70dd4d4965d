"""Generate names for resources without one.

An invalid naming component is reported once, at its key, and not for every name generated from it; likewise a workload
that gives no legal names, or makes several names too long. A single name that is too long is reported on its own, with
a proposal.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from infra.rules.names.name_rules import NAME_RULES, ResourceKind
from infra.rules.names.naming import NameNotMadeError, NamingComponents, make_name
from infra.rules.names.naming_components import check_environment, check_instance, check_workload
from infra.rules.names.regions import REGIONS
from infra.rules.names.reserved_words import reserved_word
from infra.rules.violation import Violation, one_of
from infra.settings.resolved_stack import ResolvedStack

_PROPOSED_LENGTH = 8
_SEVERAL = 2
"""From this number of illegal names, the workload is reported instead."""


def make_names(stack: ResolvedStack) -> None:
    """Generate missing names; an additional account has no default name."""
    errors: list[NameNotMadeError] = []
    if _broken(stack.naming):
        return
    for resource in stack.owned:
        if "name" in resource.props or resource.props.get("role") == "additional":
            continue
        try:
            resource.props["name"] = make_name(resource.kind, stack.naming, key=f"ml-workspace:{resource.section}.name")
        except NameNotMadeError as error:
            errors.append(error)
    if all(error.too_long for error in errors):
        stack.violations += (
            [error.violation for error in errors] if len(errors) < _SEVERAL else [_too_long(stack.naming, errors)]
        )
    else:
        stack.violations.append(_illegal_workload(stack.naming, errors))


def _broken(naming: NamingComponents) -> bool:
    """True if a component itself is invalid, which is reported once and not for every name generated from it."""
    environment, instance = check_environment(naming.environment), check_instance(naming.instance)
    return bool(check_workload(naming.workload) or environment or instance or naming.location not in REGIONS)


def _too_long(naming: NamingComponents, errors: list[NameNotMadeError]) -> Violation:
    """One violation for a workload that makes several names too long."""
    names = ", ".join(f"{error.kind} '{error.violation.value}'" for error in errors)
    lengths = {str(error.kind): NAME_RULES[error.kind].maximum for error in errors}
    own = ", ".join(f"'{error.violation.key}' to e.g. '{error.proposal}'" for error in errors)
    return Violation(
        rule=errors[0].violation.rule,
        key="ml-workspace:workload",
        value=naming.workload,
        found=f"names generated from it are too long, even with the region's short code: {names}",
        allowed="; ".join(f"{kind}: at most {maximum} characters" for kind, maximum in lengths.items()),
        fix=f"set 'ml-workspace:workload' to e.g. '{_proposal(naming, [e.kind for e in errors])}', or set {own}",
    )


def _illegal_workload(naming: NamingComponents, errors: list[NameNotMadeError]) -> Violation:
    """One violation for a workload that does not give legal names."""
    names_by_problem: dict[str, list[ResourceKind]] = {}
    for error in errors:
        for problem in error.problems:
            names_by_problem.setdefault(problem, []).append(error.kind)
    problems = "; ".join(f"{problem} (name of the {one_of(names)})" for problem, names in names_by_problem.items())
    return Violation(
        rule=next(error for error in errors if not error.too_long).violation.rule,
        key="ml-workspace:workload",
        value=naming.workload,
        found=f"not every name generated from it is legal: {problems}",
        allowed="letters and digits, separated by single hyphens, no reserved word",
        fix=f"set 'ml-workspace:workload' to e.g. '{_proposal(naming, [error.kind for error in errors])}'",
    )


def _proposal(naming: NamingComponents, types: Collection[ResourceKind]) -> str:
    """A short workload, similar to the one of ``naming``, that gives legal names for ``types``."""
    kept = "".join(ch for ch in naming.workload.lower() if ch.isascii() and ch.isalnum())
    for word in ("" if reserved_word(kept) else kept, "churn"):
        for length in range(min(len(word), _PROPOSED_LENGTH), 0, -1):
            if _gives_names(replace(naming, workload=word[:length]), types):
                return word[:length]
    return "churn"


def _gives_names(naming: NamingComponents, types: Collection[ResourceKind]) -> bool:
    try:
        return all(make_name(kind, naming) for kind in types)
    except NameNotMadeError:
        return False
