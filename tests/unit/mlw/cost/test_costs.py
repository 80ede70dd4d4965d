"""Costs of a workspace against a table computed by hand; reports, export, budgets, commands."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from infra.errors import EngineUnreachableError
from mlw.activity.snapshots import Snapshot
from mlw.command import DONE, FAILED, REFUSED
from mlw.cost import budgets, charges, cost_commands, cost_report, engine_usage, focus_export, rate_card, usage_ledger
from mlw.cost.budget_commands import REACHED
from mlw.cost.budgets import Budget, BudgetError, TimeGrain
from mlw.cost.charges import Meter
from mlw.cost.cost_report import CostFilter, CostFilterError
from mlw.cost.engine_usage import ContainerUse, EngineUse
from mlw.cost.rate_card import RateCard
from mlw.cost.usage_ledger import RunningState
from mlw.insights.time_ranges import TimeRange
from mlw.main import main
from tests.support.rates import RATES
from tests.unit.states import Place

BEGIN = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
RANGE = TimeRange(BEGIN, BEGIN + timedelta(days=2))
GROUP = "/subscriptions/s/resourceGroups/rg-dev"
STORAGE, VAULT = (
    f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stdev",
    f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv",
)
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw-dev"


def at(hours: float) -> datetime:
    return BEGIN + timedelta(hours=hours)


def text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000000000Z"


def snapshot(*containers: str, tags: dict[str, str] | None = None) -> Snapshot:
    """A stack with up to two containers and one volume."""
    known = {
        "storage": {"name": "stdev-storage", "resourceId": STORAGE, "memoryMiB": 1024, "cpus": None},
        "vault": {"name": "kv-vault", "resourceId": VAULT, "memoryMiB": 512, "cpus": 2.0},
    }
    marks = {"cost-center": "4711"} if tags is None else tags
    types = {
        STORAGE: "Microsoft.Storage/storageAccounts",
        VAULT: "Microsoft.KeyVault/vaults",
        WORKSPACE: "Microsoft.MachineLearningServices/workspaces",
    }
    resources = {key: {"type": of, "properties": {"tags": marks if key != VAULT else {}}} for key, of in types.items()}
    return Snapshot(
        identity="id-of-dev",
        resources=resources if containers else {},
        containers={key: {**known[key], "created": text(BEGIN)} for key in containers},
        volumes={"stdev-data": {"resourceId": STORAGE, "created": text(BEGIN)}} if containers else {},
    )


@pytest.fixture
def rates(place: Place) -> RateCard:
    (place.stacks / "rates.yaml").write_text(RATES)
    return rate_card.load()


@pytest.fixture
def _workspace() -> None:
    """Two containers for ten hours, of which the engine was asked after four; the vault had stopped after three."""
    usage_ledger.note_change("dev", Snapshot(), snapshot("storage", "vault"), at=at(0))
    started = text(BEGIN)
    states = {
        "storage": RunningState(running=True, started=started, finished=""),
        "vault": RunningState(running=False, started=started, finished=text(at(3))),
    }
    usage_ledger.note_sample("id-of-dev", states, {"stdev-data": 3 * 2**30}, at=at(4))
    usage_ledger.note_change("dev", snapshot("storage", "vault"), snapshot(), at=at(10))
    usage_ledger.note_requests("id-of-dev", STORAGE, {"2026-11-29": 25_000})


BY_HAND = {
    # 10 h of 0.5 CPUs, because there is no limit; assumed: the 6 h after the sample.
    ("stdev", Meter.CPU): (Decimal("5.0"), Decimal("3.0"), Decimal("0.50")),
    # 10 h of 1 GiB.
    ("stdev", Meter.MEMORY): (Decimal(10), Decimal(6), Decimal("0.10")),
    # 3 GiB for 6 h, at 7.3 / 730 per GiB and hour.
    ("stdev", Meter.VOLUME): (Decimal(18), Decimal(0), Decimal("0.18")),
    # 25,000 at 2 per 10,000.
    ("stdev", Meter.REQUESTS): (Decimal(25000), Decimal(0), Decimal("5.00")),
    # 3 h of 2 CPUs and of half a GiB; it had stopped.
    ("kv", Meter.CPU): (Decimal(6), Decimal(0), Decimal("0.60")),
    ("kv", Meter.MEMORY): (Decimal("1.5"), Decimal(0), Decimal("0.015")),
}


@pytest.mark.usefixtures("_workspace")
def test_costs_are_those_computed_by_hand(rates: RateCard) -> None:
    found = charges.charges(rates, start=RANGE.start, end=RANGE.end)

    added: dict[tuple[str, Meter], list[Decimal]] = {}
    for charge in found:
        held = added.setdefault((charge.resource_id.rpartition("/")[2], charge.meter), [Decimal()] * 3)
        held[:] = [held[0] + charge.quantity, held[1] + charge.assumed, held[2] + charge.cost]
    assert {key: tuple(values) for key, values in added.items()} == BY_HAND
    assert charges.total(found) == Decimal("6.395")


@pytest.mark.usefixtures("_workspace")
@pytest.mark.parametrize(
    ("by", "expected"),
    [
        pytest.param("resource", {"stdev": "5.78", "kv": "0.615"}, id="resource"),
        pytest.param("resource-group", {"rg-dev": "6.395"}, id="resource group"),
        pytest.param("workspace", {"mlw-dev": "6.395"}, id="workspace"),
        pytest.param("stack", {"dev": "6.395"}, id="stack"),
        pytest.param("day", {"2026-11-28": "1.395", "2026-11-29": "5.00"}, id="day"),
        pytest.param("tag:Cost-Center", {"4711": "5.78", cost_report.UNTAGGED: "0.615"}, id="tag"),
    ],
)
def test_reports_add_up_to_the_same_total(rates: RateCard, by: str, expected: dict[str, str]) -> None:
    found = cost_report.report(rates, RANGE, by=by)

    assert {line.name: line.cost for line in found.lines} == {name: Decimal(cost) for name, cost in expected.items()}
    assert (found.total, found.assumed) == (Decimal("6.395"), Decimal("0.36"))


@pytest.mark.usefixtures("_workspace")
@pytest.mark.parametrize(
    ("only", "total"),
    [
        pytest.param(CostFilter(stack="dev"), "6.395", id="stack"),
        pytest.param(CostFilter(stack="prod"), "0", id="another stack"),
        pytest.param(CostFilter(resource_group="RG-DEV"), "6.395", id="resource group"),
        pytest.param(CostFilter(tag="cost-center=4711"), "5.78", id="tag"),
        pytest.param(CostFilter(tag="cost-center=12"), "0", id="another value"),
    ],
)
def test_filters(rates: RateCard, only: CostFilter, total: str) -> None:
    assert cost_report.report(rates, RANGE, only=only).total == Decimal(total)


@pytest.mark.parametrize("only", ["tag", "=x"])
def test_a_tag_without_key_or_value_is_rejected(rates: RateCard, only: str) -> None:
    with pytest.raises(CostFilterError, match="write KEY=VALUE"):
        cost_report.report(rates, RANGE, only=CostFilter(tag=only))


def test_an_unknown_grouping_is_rejected(rates: RateCard) -> None:
    with pytest.raises(CostFilterError, match="grouping costs by 'colour': allowed: resource, resource-group"):
        cost_report.report(rates, RANGE, by="colour")


@pytest.mark.usefixtures("_workspace")
def test_the_export_has_the_columns_of_focus_and_the_same_total(rates: RateCard) -> None:
    file = io.StringIO()
    found = charges.charges(rates, start=RANGE.start, end=RANGE.end)

    assert focus_export.write(found, rates, file) == len(found)

    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    columns = list(rows[0])
    assert len(focus_export.COLUMNS) == 65
    assert columns[:65] == sorted(columns[:65])
    assert all(column.startswith("x_") for column in columns[65:])
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal("6.395")
    for row in rows:
        assert Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"]) == pytest.approx(
            Decimal(row["ListCost"])
        )
        assert {row[name] for name in ("ListCost", "ContractedCost", "EffectiveCost", "BilledCost")} == {
            row["ListCost"]
        }
    assert not [name for name in MANDATORY if any(row[name] == "" for row in rows)]


MANDATORY = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "HostProviderName",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
]


@pytest.mark.usefixtures("_workspace")
def test_a_row_of_the_export(rates: RateCard) -> None:
    [charge] = [one for one in charges.charges(rates, start=RANGE.start, end=RANGE.end) if one.meter is Meter.VOLUME]

    row = focus_export.row(charge, rates)

    assert row["ChargePeriodStart"] == "2026-11-28T00:00:00Z"
    assert row["ChargePeriodEnd"] == "2026-11-29T00:00:00Z"
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
    assert (row["ConsumedQuantity"], row["ConsumedUnit"], row["ListUnitPrice"]) == ("18", "GiB hours", "0.01")
    assert (row["SubAccountId"], row["ResourceId"], row["ServiceCategory"]) == ("s", STORAGE, "Storage")
    assert json.loads(row["Tags"]) == {"cost-center": "4711"}
    assert (row["x_Stack"], row["x_Part"], row["x_RateCardSource"]) == ("dev", "stdev-data", "invoice 7")


def test_a_restart_that_the_engine_tells_of_is_measured() -> None:
    usage_ledger.note_change("dev", Snapshot(), snapshot("storage"), at=at(0))
    for state, hour in (
        (RunningState(running=True, started=text(BEGIN), finished=""), 2),
        (RunningState(running=True, started=text(at(5)), finished=text(at(4))), 6),
        (RunningState(running=True, started=text(at(5)), finished=text(at(4))), 8),
    ):
        usage_ledger.note_sample("id-of-dev", {"storage": state}, {}, at=at(hour))

    [container] = usage_ledger.read("id-of-dev")["containers"].values()
    assert [(run["started"], run["finished"]) for run in container["runs"]] == [
        (text(BEGIN), text(at(4))),
        (text(at(5)), ""),
    ]


def test_a_container_that_somebody_removed_counts_as_long_as_it_was_seen() -> None:
    usage_ledger.note_change("dev", Snapshot(), snapshot("storage"), at=at(0))
    running = RunningState(running=True, started=text(BEGIN), finished="")
    usage_ledger.note_sample("id-of-dev", {"storage": running}, {}, at=at(2))
    usage_ledger.note_sample("id-of-dev", {}, {}, at=at(9))

    [container] = usage_ledger.read("id-of-dev")["containers"].values()
    assert container["removed"].startswith(f"{at(2):%Y-%m-%dT%H:%M}")


def test_a_soft_deleted_stack_costs_no_running_time(rates: RateCard) -> None:
    usage_ledger.note_change("dev", Snapshot(), snapshot("vault"), at=at(0))
    usage_ledger.note_stop("id-of-dev", at=at(1))

    report = cost_report.report(rates, RANGE, by="resource")
    assert report.total == Decimal("0.205")  # an hour of 2 CPUs and half a GiB


def test_sizes_of_long_ago_are_kept_by_the_day() -> None:
    usage_ledger.note_change("dev", Snapshot(), snapshot("storage"), at=at(0))
    for hour in (0, 0.5, 1, 2):
        usage_ledger.note_sample("id-of-dev", {}, {"stdev-data": int(hour * 10)}, at=at(hour))
    assert _sizes() == [5, 10, 20]

    usage_ledger.note_sample("id-of-dev", {}, {"stdev-data": 7}, at=at(24 * 100))
    assert _sizes() == [20, 7]


def _sizes() -> list[int]:
    [volume] = usage_ledger.read("id-of-dev")["volumes"].values()
    return [size for _, size in volume["sizes"]]


def test_counted_requests_never_become_less() -> None:
    usage_ledger.note_requests("id-of-dev", STORAGE, {"2026-11-29": 10})
    usage_ledger.note_requests("id-of-dev", STORAGE, {"2026-11-29": 4, "2026-11-30": 1})

    assert {day: held["count"] for day, held in usage_ledger.read("id-of-dev")["requests"].items()} == {
        "2026-11-29": 10,
        "2026-11-30": 1,
    }


def a_budget(**changed: object) -> Budget:
    given: dict[str, object] = {
        "name": "team",
        "amount": Decimal(10),
        "grain": TimeGrain.MONTHLY,
        "levels": (50, 80),
        "only": CostFilter(),
    }
    return Budget(**{**given, **changed})  # type: ignore[arg-type]


@pytest.mark.usefixtures("_workspace")
@pytest.mark.parametrize(
    ("amount", "reached"),
    [("20", 0), ("12.79", 50), ("12.80", 0), ("7.9", 80), ("1", 80)],
    ids=["below", "exactly half", "just below half", "second level", "far above"],
)
def test_levels_of_a_budget(rates: RateCard, amount: str, reached: int) -> None:
    found = budgets.standing(a_budget(amount=Decimal(amount)), rates, now=RANGE.end)

    assert (found.spent, found.reached) == (Decimal("6.395"), reached)


@pytest.mark.parametrize(
    ("grain", "start", "end"),
    [
        (TimeGrain.MONTHLY, "2026-11-01", "2026-12-01"),
        (TimeGrain.QUARTERLY, "2026-10-01", "2027-01-01"),
        (TimeGrain.ANNUALLY, "2026-01-01", "2027-01-01"),
    ],
    ids=str,
)
def test_periods_of_a_budget(grain: TimeGrain, start: str, end: str) -> None:
    found = budgets.period_of(grain, RANGE.start.date())
    assert (f"{found.start:%Y-%m-%d}", f"{found.end:%Y-%m-%d}") == (start, end)


def test_budgets_are_stored_listed_and_deleted() -> None:
    budgets.create(a_budget())
    budgets.create(a_budget(name="alpha", only=CostFilter(tag="a=b"), levels=(100,)))

    assert [budget.name for budget in budgets.read_all()] == ["alpha", "team"]
    assert budgets.read("alpha") == a_budget(name="alpha", only=CostFilter(tag="a=b"), levels=(100,))
    budgets.delete("team")
    assert [budget.name for budget in budgets.read_all()] == ["alpha"]
    with pytest.raises(BudgetError, match=r"no such budget. Did you mean 'alpha'\? Budgets: alpha."):
        budgets.read("alhpa")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"name": "a b", "amount": Decimal(0), "levels": (0,)}, "3 violations", id="all at once"),
        pytest.param({"only": CostFilter(tag="x")}, "write KEY=VALUE", id="filter"),
    ],
)
def test_a_wrong_budget_is_rejected(changed: dict[str, object], message: str) -> None:
    with pytest.raises((BudgetError, CostFilterError), match=message):
        budgets.create(a_budget(**changed))
    assert budgets.read_all() == []


def test_an_existing_budget_is_not_replaced() -> None:
    budgets.create(a_budget())
    with pytest.raises(BudgetError, match=r"it exists\. Delete it first"):
        budgets.create(a_budget(amount=Decimal(5)))


@pytest.fixture
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_commands, "_sample", list)


WHEN = ["--start-time", "2026-11-28T12:00", "--end-time", "2026-11-30T12:00"]


@pytest.mark.usefixtures("_workspace", "rates", "_no_engine")
def test_show_prints_a_table_and_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "show", "dev", *WHEN]) == DONE

    shown = capsys.readouterr().out
    assert "Showback, not a bill" in shown
    assert "Rates: invoice 7, 2026-01-31, in EUR." in shown
    assert [line.split() for line in shown.splitlines() if line.startswith(("stdev", "kv", "total"))] == [
        ["stdev", "0.5000", "0.1000", "0.1800", "5.0000", "5.7800", "0.3600"],
        ["kv", "0.6000", "0.0150", "0.0000", "0.0000", "0.6150", "0.0000"],
        ["total", "1.1000", "0.1150", "0.1800", "5.0000", "6.3950", "0.3600"],
    ]


@pytest.mark.usefixtures("_workspace", "rates", "_no_engine")
def test_show_prints_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "show", *WHEN, "--by", "tag:cost-center", "-o", "json"]) == DONE

    found = json.loads(capsys.readouterr().out)
    assert (found["total"], found["assumed"], found["currency"]) == (6.395, 0.36, "EUR")
    assert found["rates"] == {"date": "2026-01-31", "source": "invoice 7", "isExample": False}
    assert [line["name"] for line in found["lines"]] == ["4711", cost_report.UNTAGGED]


@pytest.mark.usefixtures("_workspace", "rates", "_no_engine")
def test_export_writes_a_file_or_standard_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "costs.csv"
    assert main(["cost", "export", *WHEN]) == DONE
    printed = capsys.readouterr().out
    assert main(["cost", "export", *WHEN, "--file", str(target)]) == DONE
    assert target.read_text() == printed
    assert "FOCUS 1.3" in capsys.readouterr().out


@pytest.mark.usefixtures("rates", "_no_engine")
def test_a_rate_card_that_is_an_example_is_named_so(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (place.stacks / "rates.yaml").write_text(f"{RATES}isExample: true\n")
    assert main(["cost", "show"]) == DONE
    assert cost_report.EXAMPLE in capsys.readouterr().out


@pytest.mark.usefixtures("rates")
def test_without_an_engine_known_costs_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine_usage, "measure", _unreachable)
    assert main(["cost", "show"]) == DONE
    shown = capsys.readouterr()
    assert "No costs in this range." in shown.out
    assert shown.err.startswith("WARNING: using the Docker engine: it does not answer. Running times are")


def _unreachable(_identities: object) -> EngineUse:
    raise EngineUnreachableError("using the Docker engine: it does not answer.")


def test_a_missing_rate_card_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "show"]) == FAILED
    assert "reading the rate card" in capsys.readouterr().err


@pytest.mark.usefixtures("rates")
def test_the_budget_commands(capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    usage_ledger.note_change("dev", Snapshot(), snapshot("vault"), at=now)
    usage_ledger.note_requests("id-of-dev", STORAGE, {f"{now:%Y-%m-%d}": 50_000})

    assert main(["cost", "budget", "create", "team", "--amount", "12", "--stack", "dev", "--levels", "80,50"]) == DONE
    assert "budget 'team', 12 monthly, for stack dev" in capsys.readouterr().out
    assert main(["cost", "budget", "show", "team", "--query", "levelReached", "-o", "tsv"]) == DONE
    assert capsys.readouterr().out.strip() == "80"
    assert main(["cost", "budget", "list", "--query", "[0].levels", "-o", "json"]) == DONE
    assert json.loads(capsys.readouterr().out) == [50, 80]
    assert main(["cost", "budget", "check"]) == REACHED
    assert "team" in capsys.readouterr().out
    assert main(["cost", "budget", "check", "team", "--level", "1000"]) == DONE
    assert "No level is reached." in capsys.readouterr().out
    assert main(["cost", "budget", "delete", "team"]) == DONE
    assert main(["cost", "budget", "check", "team"]) == FAILED
    assert main(["cost", "budget", "list"]) == DONE
    assert "No budgets." in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--amount", "much"], ["--amount", "1", "--levels", "a"], []], ids=["amount", "levels", "no amount"]
)
def test_a_wrong_command_line_is_rejected(arguments: list[str]) -> None:
    assert main(["cost", "budget", "create", "team", *arguments]) == REFUSED


def test_efficiency_is_use_of_limits() -> None:
    state = RunningState(running=True, started=text(BEGIN), finished="")
    one = ContainerUse(
        id="a",
        name="kv",
        identity="id-of-dev",
        resource_id=VAULT,
        state=state,
        cpus=0.123456,
        memory_mib=128.0,
        cpu_limit=2.0,
        memory_limit_mib=512.0,
    )
    stopped = ContainerUse(
        id="b", name="x", identity="i", resource_id="", state=RunningState(running=False, started="", finished="")
    )

    [found] = cost_report.efficiency(EngineUse(containers=[one, stopped], at=BEGIN), {"id-of-dev": "dev"})

    assert (found["stack"], found["cpus"], found["cpuLimit"], found["memoryEfficiency"]) == ("dev", 0.1235, 2.0, 0.25)
