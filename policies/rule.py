"""What a policy says about itself; what it checks stands in `infra.rules.policy.resource_rules`, under the same id.

No import of Pulumi's: rules are listed, explained and tested without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from infra.rules.policy.policy_assignments import Parameters
from infra.rules.policy.resource_rules import RESOURCE_CHECKS, Check


class Severity(StrEnum):
    """How bad a violation is. Not its effect: that is an assignment's."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One policy.

    Attributes:
        summary: What holds where the rule is kept, one sentence.
        why: What goes wrong otherwise.
        source: Where the rule is documented: codes of the facts on Azure's rules, or ids of built-in policies.
        fix: What to do about a violation.
    """

    id: str
    summary: str
    why: str
    severity: Severity
    source: str
    fix: str

    @property
    def applies_to(self) -> tuple[str, ...]:
        """Type tokens of the components that it judges."""
        return RESOURCE_CHECKS[self.id].applies_to

    @property
    def check(self) -> Check:
        """The function that judges."""
        return RESOURCE_CHECKS[self.id].check

    @property
    def beside_group(self) -> bool:
        """Whether it looks at the resource group as well."""
        return RESOURCE_CHECKS[self.id].beside_group

    @property
    def parameters(self) -> Parameters:
        """Its parameters with their defaults."""
        return RESOURCE_CHECKS[self.id].parameters
