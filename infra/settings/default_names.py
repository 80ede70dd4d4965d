"""Names for the resources of a stack that are given none.

A part that is wrong by itself is told once, where it stands, and not for every name that would be made of it; so is a
workload from which no legal name can be made. A name that is only too long is told for itself, with a proposal.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.naming import NameNotMadeError, NameParts, make_name
from infra.rules.names.naming_components import check_environment, check_instance, check_workload
from infra.rules.names.regions import REGIONS
from infra.rules.names.reserved_words import reserved_word
from infra.rules.violation import Violation, one_of
from infra.settings.resolution import Resolution

_PROPOSED_LENGTH = 8


def make_names(resolution: Resolution) -> None:
    """Make the names that are left out; an additional account has no default name."""
    errors: list[NameNotMadeError] = []
    if _broken(resolution.parts):
        return
    for draft in resolution.owned:
        if "name" in draft.props or draft.props.get("role") == "additional":
            continue
        try:
            draft.props["name"] = make_name(draft.kind, resolution.parts, key=f"ml-workspace:{draft.section}.name")
        except NameNotMadeError as error:
            errors.append(error)
    if all(error.too_long for error in errors):
        resolution.violations += [error.violation for error in errors]
    else:
        resolution.violations.append(_illegal_workload(resolution.parts, errors))


def _broken(parts: NameParts) -> bool:
    """True if a part is wrong by itself, which is told once and not for every name that is made of it."""
    environment, instance = check_environment(parts.environment), check_instance(parts.instance)
    return bool(check_workload(parts.workload) or environment or instance or parts.location not in REGIONS)


def _illegal_workload(parts: NameParts, errors: list[NameNotMadeError]) -> Violation:
    """One violation for a workload from which no legal names can be made, whatever their number."""
    kinds_by_problem: dict[str, list[ResourceKind]] = {}
    for error in errors:
        for problem in error.problems:
            kinds_by_problem.setdefault(problem, []).append(error.kind)
    problems = "; ".join(f"{problem} (name of the {one_of(kinds)})" for problem, kinds in kinds_by_problem.items())
    return Violation(
        rule=next(error for error in errors if not error.too_long).violation.rule,
        key="ml-workspace:workload",
        value=parts.workload,
        found=f"not every name that is made of it is legal: {problems}",
        allowed="letters and digits, single hyphens between them, no reserved word",
        fix=f"set 'ml-workspace:workload' to e.g. '{_proposal(parts, [error.kind for error in errors])}'",
    )


def _proposal(parts: NameParts, kinds: Collection[ResourceKind]) -> str:
    """A short workload near to the one of ``parts`` that gives legal names of ``kinds``."""
    kept = "".join(ch for ch in parts.workload.lower() if ch.isascii() and ch.isalnum())
    for word in ("" if reserved_word(kept) else kept, "churn"):
        for length in range(min(len(word), _PROPOSED_LENGTH), 0, -1):
            if _gives_names(replace(parts, workload=word[:length]), kinds):
                return word[:length]
    return "churn"


def _gives_names(parts: NameParts, kinds: Collection[ResourceKind]) -> bool:
    try:
        return all(make_name(kind, parts) for kind in kinds)
    except NameNotMadeError:
        return False
