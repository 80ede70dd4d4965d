"""`mlw cost budget create`, `list`, `show`, `check` and `delete`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE
from mlw.cost.cost_report import CostFilter
from mlw.data_output import Format, Output, prints_data
from mlw.output import table

REACHED = 3
"""Exit code of `check` if a level is reached."""

_GRAINS = ("Monthly", "Quarterly", "Annually")
_HEADINGS = ("BUDGET", "APPLIES TO", "PERIOD", "SPENT", "AMOUNT", "PERCENT", "LEVEL REACHED")
_NAME = click.argument("name", metavar="NAME", help="Name of the budget.")
_RATES = click.option("--rates", metavar="FILE", type=FILE, help="Rate card; the default is stacks/rates.yaml.")


def _decimal(_ctx: click.Context, parameter: click.Parameter, value: str) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation as exc:
        raise click.BadParameter(f"'{value}' is not a number", param=parameter) from exc


def _levels(_ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(level) for level in value.split(",")}))
    except ValueError as exc:
        raise click.BadParameter(f"'{value}' is not a list such as 50,80,100", param=parameter) from exc


@command(
    examples=(
        "mlw cost budget create team --amount 250 --tag cost-center=4711",
        "mlw cost budget create dev --amount 40 --stack dev --time-grain Quarterly --levels 80,100",
    ),
    exit_codes={DONE: "created", FAILED: FAILURE},
)
@_NAME
@click.option("--amount", metavar="NUMBER", required=True, callback=_decimal, help="In the rate card's currency.")
@click.option(
    "--time-grain",
    type=click.Choice(_GRAINS, case_sensitive=False),
    metavar="PERIOD",
    default="Monthly",
    help=f"One of {', '.join(_GRAINS)}; the default is Monthly.",
)
@click.option(
    "--levels",
    metavar="PERCENT,...",
    default="50,80,100",
    callback=_levels,
    help="Alert levels in percent; default: 50,80,100.",
)
@click.option("--stack", metavar="STACK", default="", help="Only costs of this stack.")
@click.option("--resource-group", "-g", metavar="NAME", default="", help="Only costs of this resource group.")
@click.option("--tag", metavar="KEY=VALUE", default="", help="Only costs of resources with this tag.")
def create(name: str, amount: Decimal, time_grain: str, levels: tuple[int, ...], **only: str) -> int:
    """Create a budget.

    An amount for each month, quarter or year (UTC), and the levels at which `mlw cost budget check` reports it. A
    budget changes and stops nothing. It is stored in MLW_HOME.
    """
    from mlw.cost import budgets  # noqa: PLC0415 - pydantic is slow to import

    grain = budgets.TimeGrain(time_grain.capitalize())
    made = budgets.Budget(name=name, amount=amount, grain=grain, levels=levels, only=CostFilter(**only))
    budgets.create(made)
    print(f"Created: budget '{name}', {amount} {time_grain.lower()}, for {_applies_to(made.as_json())}.")
    return DONE


@command(
    examples=("mlw cost budget list", "mlw cost budget list --query '[?levelReached].name' -o tsv"),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@_RATES
@prints_data(Format.TABLE, has_json_flag=True)
def list_budgets(rates: Path | None, output: Output) -> int:
    """List budgets and what has been spent of them.

    Costs are those of the current period up to now, as far as they are known; `mlw cost sample` measures first.
    """
    found = _standings(None, rates)
    output.print(found, lambda: _as_text(found))
    return DONE


@command(examples=("mlw cost budget show team",), exit_codes={DONE: "shown", FAILED: FAILURE})
@_NAME
@_RATES
@prints_data(Format.TABLE, has_json_flag=True)
def show(name: str, rates: Path | None, output: Output) -> int:
    """Show a budget and what has been spent of it."""
    [found] = _standings(name, rates)
    output.print(found, lambda: _as_text([found]))
    return DONE


@command(
    examples=("mlw cost budget check", "mlw cost budget check team --level 100"),
    exit_codes={DONE: "no level is reached", FAILED: FAILURE, REACHED: "a level is reached"},
)
@click.argument("name", metavar="[NAME]", required=False, help="Only this budget.")
@click.option("--level", type=click.IntRange(min=1), metavar="PERCENT", help="Only from this level on.")
@_RATES
@prints_data(Format.TABLE, has_json_flag=True)
def check(name: str | None, level: int | None, rates: Path | None, output: Output) -> int:
    """Report budgets of which an alert level is reached.

    For pipelines and cron: the exit code says whether there is any.
    """
    found = [one for one in _standings(name, rates) if _is_reached(one, level)]
    output.print(found, lambda: _as_text(found) if found else "No level is reached.")
    return REACHED if found else DONE


@command(examples=("mlw cost budget delete team",), exit_codes={DONE: "deleted", FAILED: FAILURE})
@_NAME
def delete(name: str) -> int:
    """Delete a budget."""
    from mlw.cost import budgets  # noqa: PLC0415 - pydantic is slow to import

    budgets.delete(name)
    print(f"Deleted: budget '{name}'.")
    return DONE


def _standings(name: str | None, rates: Path | None) -> list[dict[str, Any]]:
    from mlw.activity import run_recording  # noqa: PLC0415 - as below
    from mlw.cost import budgets, rate_card  # noqa: PLC0415 - pydantic is slow to import
    from mlw.stacks.stacks import context_of  # noqa: PLC0415 - as above

    chosen = budgets.read_all() if name is None else [budgets.read(name)]
    card = rate_card.load(rates)
    if card.is_example:
        print("WARNING: the rates are an example; write your own into stacks/rates.yaml.", file=sys.stderr)
    run_recording.catch_up_all(context_of("-"))
    return [budgets.standing(budget, card).as_json() for budget in chosen]


def _is_reached(standing: dict[str, Any], level: int | None) -> bool:
    reached = standing["levelReached"] or 0
    return bool(reached >= level if level else reached)


def _as_text(found: Sequence[dict[str, Any]]) -> str:
    if not found:
        return "No budgets."
    return table(_HEADINGS, [_row(one) for one in found])


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    level = f"{one['levelReached']} %" if one["levelReached"] else ""
    amounts = (_money(one["spent"], one), _money(one["amount"], one))
    return (
        one["name"],
        _applies_to(one),
        f"{one['periodStart']} {one['timeGrain']}",
        *amounts,
        f"{one['percent']:.1f}",
        level,
    )


def _money(value: float, one: dict[str, Any]) -> str:
    return f"{value:.{2 if one['amount'] >= 1 else 6}f} {one['currency']}"


def _applies_to(one: dict[str, Any]) -> str:
    said = {"stack": one["stack"], "resource group": one["resourceGroup"], "tag": one["tag"]}
    return ", ".join(f"{what} {value}" for what, value in said.items() if value) or "everything"
