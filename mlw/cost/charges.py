"""Charges: the use of each resource on each day, times the rates.

Provisioned CPU and memory limits times running time, bytes on volumes times time, requests. Showback, not a bill: what
the machines cost is on somebody else's invoice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from mlw.cost import charged_resources, running_time, usage_ledger
from mlw.cost.rate_card import RateCard
from mlw.cost.running_time import DayOfUse

MIB_PER_GIB = 1024
HOURS_PER_MONTH = 730
"""As in Azure's price lists."""


class Meter(StrEnum):
    """What is charged for."""

    CPU = "cpu"
    MEMORY = "memory"
    VOLUME = "volume"
    REQUESTS = "requests"


UNITS: Mapping[Meter, str] = {
    Meter.CPU: "CPU hours",
    Meter.MEMORY: "GiB hours",
    Meter.VOLUME: "GiB hours",
    Meter.REQUESTS: "requests",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """Use of one resource on one day, of one meter.

    Attributes:
        identity: Identity of the stack.
        resource_id: The Azure resource.
        part: Container or volume; of a job its name.
        job: The job that it belongs to, e.g. the pipeline of a step; empty for none.
        quantity: In the unit of the meter.
        assumed: How much of it is assumed, not measured.
        unit_price: Price of one unit.
    """

    day: date
    stack: str
    identity: str
    workspace_id: str
    resource_id: str
    resource_type: str
    tags: Mapping[str, str]
    part: str
    meter: Meter
    quantity: Decimal
    assumed: Decimal
    unit_price: Decimal
    job: str = ""

    @property
    def cost(self) -> Decimal:
        """Quantity times price."""
        return self.quantity * self.unit_price

    @property
    def assumed_cost(self) -> Decimal:
        """The part of the cost that is assumed."""
        return self.assumed * self.unit_price


def unit_price(rates: RateCard, meter: Meter) -> Decimal:
    """Price of one unit of a meter."""
    return {
        Meter.CPU: rates.cpu_hour,
        Meter.MEMORY: rates.memory_gib_hour,
        Meter.VOLUME: rates.volume_gib_month / HOURS_PER_MONTH,
        Meter.REQUESTS: rates.requests_per10000 / 10_000,
    }[meter]


def charges(rates: RateCard, *, start: datetime, end: datetime) -> list[Charge]:
    """All charges of a range of time, of every stack that this home knows."""
    return [
        charge
        for identity in usage_ledger.identities()
        for charge in of_ledger(identity, usage_ledger.read(identity), rates, start=start, end=end)
    ]


def of_ledger(
    identity: str, ledger: Mapping[str, Any], rates: RateCard, *, start: datetime, end: datetime
) -> Iterator[Charge]:
    """The charges of one stack."""

    def made(held: Mapping[str, Any], meter: Meter, use: DayOfUse, factor: Decimal) -> Charge:
        resource_id = charged_resources.resource_of(held, ledger)
        arm_type, tags = charged_resources.type_and_tags(resource_id, ledger)
        return Charge(
            day=use.day,
            stack=ledger["stack"],
            identity=identity,
            workspace_id=ledger["workspaceId"],
            resource_id=resource_id,
            resource_type=arm_type,
            tags=tags,
            job=held.get("job", ""),
            part=held["name"],
            meter=meter,
            quantity=Decimal(repr(use.hours)) * factor,
            assumed=Decimal(repr(use.assumed)) * factor,
            unit_price=unit_price(rates, meter),
        )

    for container in (*ledger["containers"].values(), *ledger["outside"].values()):
        cpus = rates.cpu_without_limit if container["cpus"] is None else Decimal(str(container["cpus"]))
        memory = Decimal(str(container["memoryMiB"] or 0)) / MIB_PER_GIB
        for use in running_time.days_of_container(container, start=start, end=end):
            yield made(container, Meter.CPU, use, cpus)
            yield made(container, Meter.MEMORY, use, memory)
    for volume in ledger["volumes"].values():
        for use in running_time.days_of_volume(volume, start=start, end=end):
            yield made(volume, Meter.VOLUME, use, Decimal(1))
    for day, counted in ledger["requests"].items():
        moment = date.fromisoformat(day)
        if start.date() <= moment <= end.date():
            use = DayOfUse(moment, float(counted["count"]), 0.0)
            yield made({"resourceId": counted["resourceId"], "name": "requests"}, Meter.REQUESTS, use, Decimal(1))


def total(found: Iterable[Charge]) -> Decimal:
    """The sum of some charges."""
    return sum((charge.cost for charge in found), Decimal())
