"""Names for the resources of a stack that are given none.

A part that is wrong by itself is told once, where it stands, and not for every name that would be made of it; so is a
workload from which no legal name can be made. A name that is only too long is told for itself, with a proposal.
"""

from __future__ import annotations

from infra.rules.naming import NameNotMadeError, NameParts, make_name
from infra.rules.parts import check_environment, check_instance, check_workload
from infra.rules.regions import REGIONS
from infra.rules.reserved_words import reserved_word
from infra.rules.violation import Violation
from infra.settings.drafts import Resolution


def make_names(resolution: Resolution) -> None:
    """Make the names that are left out; an additional account has no default name."""
    illegal: list[NameNotMadeError] = []
    if _broken(resolution.parts):
        return
    for draft in resolution.owned:
        if "name" in draft.props or draft.props.get("role") == "additional":
            continue
        try:
            draft.props["name"] = make_name(draft.kind, resolution.parts, key=f"ml-workspace:{draft.section}.name")
        except NameNotMadeError as error:
            if error.too_long:
                resolution.violations.append(error.violation)
            else:
                illegal.append(error)
    if illegal:
        resolution.violations.append(_illegal_workload(resolution.parts.workload, illegal))


def _broken(parts: NameParts) -> bool:
    """True if a part is wrong by itself, which is told once and not for every name that is made of it."""
    environment, instance = check_environment(parts.environment), check_instance(parts.instance)
    return bool(check_workload(parts.workload) or environment or instance or parts.location not in REGIONS)


def _illegal_workload(workload: str, errors: list[NameNotMadeError]) -> Violation:
    """One violation for a workload from which no legal names can be made, whatever their number."""
    worst = errors[0].violation
    kept = "".join(ch for ch in workload.lower() if ch.isascii() and ch.isalnum())[:8]
    proposal = "churn" if not kept or reserved_word(kept) else kept
    return Violation(
        rule=worst.rule,
        key="ml-workspace:workload",
        value=workload,
        found="; ".join(dict.fromkeys(error.violation.found for error in errors)),
        allowed="; ".join(dict.fromkeys(error.violation.allowed for error in errors)),
        fix=f"set 'ml-workspace:workload' to e.g. '{proposal}'",
    )
