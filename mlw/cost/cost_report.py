"""Reports: charges of a range of time, filtered, and added up by what somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.cost.charged_resources import compute_of
from mlw.cost.charges import UNITS, Charge, Meter, charges
from mlw.cost.engine_usage import EngineUse
from mlw.cost.rate_card import RateCard
from mlw.insights.time_ranges import TimeRange, format_time

NOTICE = "Showback, not a bill: provisioned limits and data at the rates of a rate card."
EXAMPLE = "The rates are an example; write your own into stacks/rates.yaml."

TAG = "tag:"
UNTAGGED, NO_COMPUTE, NO_JOB = "(no such tag)", "(no compute)", "(no job)"


def group_of(charge: Charge) -> str:
    """Name of the resource group of a charge."""
    return charge.resource_id.partition("/resourceGroups/")[2].partition("/")[0]


_GROUPINGS: Mapping[str, Callable[[Charge], str]] = {
    "resource": lambda charge: charge.resource_id.rpartition("/")[2],
    "resource-group": group_of,
    "workspace": lambda charge: charge.workspace_id.rpartition("/")[2] or charge.stack,
    "stack": lambda charge: charge.stack,
    "compute": lambda charge: compute_of(charge.resource_id) or NO_COMPUTE,
    "job": lambda charge: charge.job or NO_JOB,
    "day": lambda charge: charge.day.isoformat(),
    "meter": lambda charge: f"{charge.meter} ({UNITS[charge.meter]})",
}
GROUPINGS = (*_GROUPINGS, f"{TAG}KEY")


class CostFilterError(MlWorkspaceError):
    """A grouping or a filter cannot be understood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CostFilter:
    """Which charges are wanted; an empty value matches all. Case does not matter.

    Attributes:
        tag: `KEY=VALUE`.
    """

    stack: str = ""
    resource_group: str = ""
    tag: str = ""

    def matches(self, charge: Charge) -> bool:
        """Whether a charge is wanted."""
        key, _, value = self.tag.partition("=")
        return (
            self.stack in {"", charge.stack}
            and self.resource_group.lower() in {"", group_of(charge).lower()}
            and (not self.tag or _tag(charge, key) == value)
        )

    def check(self) -> None:
        """Reject a filter that cannot be understood."""
        if (self.tag and not self.tag.partition("=")[0]) or (self.tag and "=" not in self.tag):
            raise CostFilterError(f"reading the filter --tag '{self.tag}': write KEY=VALUE, e.g. cost-center=4711.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a report.

    Attributes:
        name: What the charges have in common.
        assumed: The part of the cost that rests on assumed running time.
        meters: Cost by meter.
    """

    name: str
    cost: Decimal
    assumed: Decimal
    meters: Mapping[Meter, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A report.

    Attributes:
        by: What its lines are.
    """

    rates: RateCard
    range: TimeRange
    by: str
    lines: Sequence[Line]

    @property
    def total(self) -> Decimal:
        """Cost of all lines."""
        return sum((line.cost for line in self.lines), Decimal())

    @property
    def assumed(self) -> Decimal:
        """How much of it rests on assumed running time."""
        return sum((line.assumed for line in self.lines), Decimal())

    def as_json(self) -> dict[str, Any]:
        """For programs; amounts with six decimals."""
        return {
            "start": format_time(self.range.start),
            "end": format_time(self.range.end),
            "currency": self.rates.currency,
            "rates": {
                "date": self.rates.date.isoformat(),
                "source": self.rates.source,
                "isExample": self.rates.is_example,
            },
            "notice": NOTICE,
            "groupedBy": self.by,
            "total": amount(self.total),
            "assumed": amount(self.assumed),
            "lines": [
                {
                    "name": line.name,
                    "cost": amount(line.cost),
                    "assumed": amount(line.assumed),
                    **{str(meter): amount(line.meters.get(meter, Decimal())) for meter in Meter},
                }
                for line in self.lines
            ],
        }


def report(rates: RateCard, wanted: TimeRange, *, by: str = "resource", only: CostFilter | None = None) -> Report:
    """Add up the charges of a range of time.

    Args:
        rates: The rate card.
        wanted: The range.
        by: One of `GROUPINGS`.
        only: Which charges are wanted.

    Raises:
        CostFilterError: The grouping or the filter cannot be understood.
    """
    found = select(charges(rates, start=wanted.start, end=wanted.end), only or CostFilter())
    return Report(rates=rates, range=wanted, by=by, lines=grouped(found, by))


def select(found: Iterable[Charge], only: CostFilter) -> list[Charge]:
    """The charges that a filter matches."""
    only.check()
    return [charge for charge in found if only.matches(charge)]


def grouped(found: Iterable[Charge], by: str) -> list[Line]:
    """Add up charges; days in order, everything else by cost."""
    name_of = _grouping(by)
    groups: dict[str, list[Charge]] = {}
    for charge in found:
        groups.setdefault(name_of(charge), []).append(charge)
    lines = [_line(name, held) for name, held in groups.items()]
    return sorted(lines, key=lambda line: line.name if by == "day" else (-line.cost, line.name))


def amount(value: Decimal) -> float:
    """A sum of money for programs."""
    return float(round(value, 6))


def efficiency(use: EngineUse, stack_ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """What containers use of what is provisioned for them.

    Args:
        use: What the engine says.
        stack_ids: Identity of each stack, to its name.
    """
    return [
        {
            "stack": stack_ids.get(one.identity, ""),
            "container": one.name,
            "resourceId": one.resource_id,
            "cpus": round(one.cpus, 4),
            "cpuLimit": one.cpu_limit,
            "memoryMiB": round(one.memory_mib, 1),
            "memoryLimitMiB": round(one.memory_limit_mib, 1),
            "memoryEfficiency": round(one.memory_mib / one.memory_limit_mib, 4) if one.memory_limit_mib else None,
        }
        for one in sorted(use.containers, key=lambda one: one.name)
        if one.state.running
    ]


def _grouping(by: str) -> Callable[[Charge], str]:
    if by.startswith(TAG) and by != TAG:
        return lambda charge: _tag(charge, by.removeprefix(TAG)) or UNTAGGED
    if by not in _GROUPINGS:
        raise CostFilterError(f"grouping costs by '{by}': allowed: {', '.join(GROUPINGS)}.")
    return _GROUPINGS[by]


def _line(name: str, held: Sequence[Charge]) -> Line:
    meters: dict[Meter, Decimal] = {}
    for charge in held:
        meters[charge.meter] = meters.get(charge.meter, Decimal()) + charge.cost
    assumed = sum((charge.assumed_cost for charge in held), Decimal())
    return Line(name=name, cost=sum(meters.values(), Decimal()), assumed=assumed, meters=meters)


def _tag(charge: Charge, key: str) -> str:
    """The value of a tag; names of tags have no case, as in Azure."""
    return next((str(value) for name, value in charge.tags.items() if name.lower() == key.lower()), "")
