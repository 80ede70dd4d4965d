"""Budgets: an amount for a period, what it applies to, and the levels at which somebody wants to know.

A file in `MLW_HOME`, not in the project: a budget is about stacks of this machine, also those that are gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from infra.errors import MlWorkspaceError
from infra.host import atomic_files, file_locks, folders
from infra.host.near_names import suggestion
from mlw.cost import charges as costs
from mlw.cost.cost_report import CostFilter, amount, select
from mlw.cost.rate_card import RateCard
from mlw.insights.time_ranges import TimeRange

LEVELS = (50, 80, 100)
"""Percent of the amount, by default."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)


class BudgetError(MlWorkspaceError):
    """A budget does not exist, exists already, or cannot be understood."""


class TimeGrain(StrEnum):
    """The period of a budget: the current month, quarter or year, UTC."""

    MONTHLY = "Monthly"
    QUARTERLY = "Quarterly"
    ANNUALLY = "Annually"


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """One budget.

    Attributes:
        amount: For each period.
        levels: Percent of the amount at which an alert is reached, in order.
        only: Which charges count.
    """

    name: str
    amount: Decimal
    grain: TimeGrain
    levels: tuple[int, ...]
    only: CostFilter

    def as_json(self) -> dict[str, Any]:
        """In the form in which it is stored and printed."""
        return {
            "name": self.name,
            "amount": float(self.amount),
            "timeGrain": str(self.grain),
            "levels": list(self.levels),
            "stack": self.only.stack or None,
            "resourceGroup": self.only.resource_group or None,
            "tag": self.only.tag or None,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A budget and what has been spent of it.

    Attributes:
        period: The current period, up to its end.
        spent: In the currency of the rate card.
        reached: The highest level that is reached; 0 for none.
    """

    budget: Budget
    currency: str
    period: TimeRange
    spent: Decimal
    reached: int

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            **self.budget.as_json(),
            "currency": self.currency,
            "periodStart": f"{self.period.start:%Y-%m-%d}",
            "periodEnd": f"{self.period.end:%Y-%m-%d}",
            "spent": amount(self.spent),
            "percent": round(float(self.spent / self.budget.amount * 100), 2),
            "levelReached": self.reached or None,
        }


def read_all() -> list[Budget]:
    """All budgets, in alphabetical order.

    Raises:
        BudgetError: The file is damaged.
    """
    path = _file()
    if not path.is_file():
        return []
    try:
        return sorted((_parsed(entry) for entry in json.loads(path.read_bytes())), key=lambda budget: budget.name)
    except (ValueError, LookupError, TypeError, ArithmeticError) as exc:
        raise BudgetError(f"reading the budgets in '{path}': the file is damaged. Correct it, or remove it.") from exc


def read(name: str) -> Budget:
    """One budget.

    Raises:
        BudgetError: There is no such budget.
    """
    found = {budget.name: budget for budget in read_all()}
    if name not in found:
        known = ", ".join(found) or "none"
        raise BudgetError(f"looking for budget '{name}': no such budget.{suggestion(name, found)} Budgets: {known}.")
    return found[name]


def create(budget: Budget) -> None:
    """Store a new budget.

    Raises:
        BudgetError: It is not valid, or there is one of this name.
    """
    doing = f"creating budget '{budget.name}'"
    wrong = _violations(budget)
    if wrong:
        raise BudgetError("\n".join([f"{doing}: {len(wrong)} violations:", *(f"  {one}" for one in wrong)]))
    budget.only.check()
    with _changing() as held:
        if any(one.name == budget.name for one in held):
            raise BudgetError(f"{doing}: it exists. Delete it first with `mlw cost budget delete {budget.name}`.")
        held.append(budget)


def delete(name: str) -> None:
    """Remove a budget.

    Raises:
        BudgetError: There is no such budget.
    """
    read(name)
    with _changing() as held:
        held[:] = [one for one in held if one.name != name]


def standing(budget: Budget, rates: RateCard, *, now: datetime | None = None) -> Standing:
    """What has been spent of a budget in the current period."""
    present = now or datetime.now(UTC)
    period = period_of(budget.grain, present.date())
    found = select(costs.charges(rates, start=period.start, end=present), budget.only)
    spent = costs.total(found)
    reached = max((level for level in budget.levels if spent * 100 >= budget.amount * level), default=0)
    return Standing(budget=budget, currency=rates.currency, period=period, spent=spent, reached=reached)


def period_of(grain: TimeGrain, day: date) -> TimeRange:
    """The month, quarter or year of a day."""
    months = {TimeGrain.MONTHLY: 1, TimeGrain.QUARTERLY: 3, TimeGrain.ANNUALLY: 12}[grain]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    last = first
    for _ in range(months):
        last = (last + timedelta(days=31)).replace(day=1)
    return TimeRange(datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC))


def _violations(budget: Budget) -> list[str]:
    found = []
    if not NAME.fullmatch(budget.name):
        found.append(f"name '{budget.name}': 1-63 letters, digits, '-' and '_', a letter or digit first")
    if not (budget.amount.is_finite() and budget.amount > 0):
        found.append(f"amount '{budget.amount}': more than 0")
    if not budget.levels or any(not 1 <= level <= 1000 for level in budget.levels):  # noqa: PLR2004 - as in Azure
        found.append("levels: 1 to 1000 percent")
    return found


def _parsed(entry: dict[str, Any]) -> Budget:
    return Budget(
        name=str(entry["name"]),
        amount=Decimal(str(entry["amount"])),
        grain=TimeGrain(entry["timeGrain"]),
        levels=tuple(int(level) for level in entry["levels"]),
        only=CostFilter(
            stack=entry.get("stack") or "",
            resource_group=entry.get("resourceGroup") or "",
            tag=entry.get("tag") or "",
        ),
    )


@contextmanager
def _changing() -> Iterator[list[Budget]]:
    with file_locks.hold(_file().with_name("budgets.lock"), "changing budgets"):
        held = read_all()
        yield held
        atomic_files.write(_file(), json.dumps([one.as_json() for one in held], indent=2), durable=True)


def _file() -> Path:
    return folders.home() / "budgets.json"
