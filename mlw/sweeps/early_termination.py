"""Early termination: whether a running trial is much worse than the others were at the same interval.

Each report of the primary metric is an interval, as in Azure. A policy is applied at the multiples of
`evaluation_interval` from `delay_evaluation` on, each once, as soon as another trial has come as far, and compares only
with those.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from mlw.sweeps.sweep_errors import SweepError

POLICIES = ("bandit", "median_stopping", "truncation_selection")
_WHOLE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """An early termination policy.

    Attributes:
        type: One of :data:`POLICIES`; empty for none.
        every: At every how many reports it is applied.
        delay: From which report on.
        percentage: How many of the trials a truncation selection ends.
    """

    type: str = ""
    every: int = 1
    delay: int = 0
    slack_factor: float = 0
    slack_amount: float = 0
    percentage: int = 0

    def due(self, reports: int) -> int:
        """The last report at which it is applied; 0 for none yet."""
        last = reports // self.every * self.every
        return last if self.type and last >= self.delay else 0

    def verdict(self, own: Sequence[float], others: Sequence[Sequence[float]], *, maximize: bool) -> str:
        """Why a trial is ended; empty if it continues.

        Args:
            own: All that it has reported.
            others: Likewise the other trials of the sweep.
            maximize: Whether more is better.
        """
        interval = self.due(len(own))
        rivals = [_signed(one[:interval], maximize) for one in others if len(one) >= interval]
        if not interval or not rivals:
            return ""
        mine = _signed(own[:interval], maximize)
        match self.type:
            case "bandit":
                limit = self._slack(max(map(max, rivals)))
                allowed = f"the best trial allows {_shown(limit, maximize)}"
            case "median_stopping":
                limit = median(fmean(one) for one in (mine, *rivals))
                allowed = f"the median of the averages is {_shown(limit, maximize)}"
            case _:
                bests = sorted(map(max, (mine, *rivals)))
                limit = bests[len(bests) * self.percentage // _WHOLE]
                allowed = f"the trials that continue have {_shown(limit, maximize)} or better"
        if max(mine) >= limit:
            return ""
        return f"early termination ({self.type}): {_shown(max(mine), maximize)} at interval {interval}; {allowed}"

    def _slack(self, best: float) -> float:
        """How bad a trial may be; a factor makes a value worse, whatever its sign."""
        if self.slack_amount:
            return best - self.slack_amount
        return best / (1 + self.slack_factor) if best > 0 else best * (1 + self.slack_factor)


def _signed(values: Sequence[float], maximize: bool) -> list[float]:  # noqa: FBT001 - the goal
    """Values of which more is better; what is not a number is the worst."""
    return [(one if maximize else -one) if math.isfinite(one) else -math.inf for one in values]


def _shown(value: float, maximize: bool) -> str:  # noqa: FBT001 - likewise
    return f"{value if maximize else -value:.6g}"


def read_policy(document: Mapping[str, Any]) -> Policy:
    """Read the policy of a file; an empty document has none.

    Raises:
        SweepError: It is wrong.
    """
    if not document:
        return Policy()
    type_ = str(document.get("type") or "").lower()
    if type_ not in POLICIES:
        raise SweepError(f"early_termination.type is '{type_}'; allowed: {', '.join(POLICIES)}.")
    made = Policy(
        type=type_,
        every=max(int(document.get("evaluation_interval") or 1), 1),
        delay=int(document.get("delay_evaluation") or 0),
        slack_factor=float(document.get("slack_factor") or 0),
        slack_amount=float(document.get("slack_amount") or 0),
        percentage=int(document.get("truncation_percentage") or 0),
    )
    if type_ == "bandit" and (made.slack_factor > 0) == (made.slack_amount > 0):
        raise SweepError("early_termination: bandit needs either slack_factor or slack_amount, more than 0.")
    if type_ == "truncation_selection" and not 0 < made.percentage < _WHOLE:
        raise SweepError(f"early_termination.truncation_percentage is {made.percentage}; allowed: 1 to 99.")
    return made
