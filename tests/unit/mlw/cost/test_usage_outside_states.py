"""Costs of what no state has, jobs and deployments; and of compute instances, which have their workspace's label."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from infra import labels
from mlw.activity.snapshots import Snapshot
from mlw.cost import charges, cost_report, engine_usage, rate_card, usage_ledger, usage_outside_states
from mlw.cost.charges import Charge, Meter
from mlw.cost.engine_usage import ContainerUse, EngineUse
from mlw.cost.rate_card import RateCard
from mlw.cost.usage_ledger import RunningState
from mlw.cost.usage_outside_states import JobUsage
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.ports import ContainerState
from tests.support.rates import RATES
from tests.unit.states import Place

BEGIN = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
END = BEGIN + timedelta(days=2)
WORKSPACE = "/subscriptions/s/resourceGroups/rg-dev/providers/Microsoft.MachineLearningServices/workspaces/mlw-dev"
CLUSTER, INSTANCE = f"{WORKSPACE}/computes/cpu-cluster", f"{WORKSPACE}/computes/Ci-Bea"
COMPUTES = "Microsoft.MachineLearningServices/workspaces/computes"
JOBS = JobUsage("dev", "id-of-dev", WORKSPACE)


def text(hours: float) -> str:
    return f"{BEGIN + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}.123456789Z"


def ended(hours: float) -> ContainerState:
    return ContainerState(
        status="exited", was_started=True, cpus=2.0, memory_mib=1024, started_at=text(0), ended_at=text(hours)
    )


def snapshot(*, instance: bool = False, up: bool = True) -> Snapshot:
    types = {WORKSPACE: COMPUTES.rpartition("/")[0], CLUSTER: COMPUTES, INSTANCE: COMPUTES}
    container = {"name": "mlw-dev-ci-ci-bea", "resourceId": WORKSPACE, "memoryMiB": 1024, "cpus": 1.0}
    return Snapshot(
        identity="id-of-dev",
        resources={
            key: {"type": of, "properties": {"tags": {"cost-center": "4711"}} if key == WORKSPACE else {}}
            for key, of in types.items()
        },
        containers={"i": {**container, "created": text(0)}} if instance and up else {},
        volumes={"mlw-dev-ci-ci-bea-home": {"resourceId": WORKSPACE, "created": text(0)}} if instance and up else {},
    )


@pytest.fixture
def rates(place: Place) -> RateCard:
    (place.stacks / "rates.yaml").write_text(RATES)
    usage_ledger.note_change("dev", Snapshot(), snapshot(), at=BEGIN)
    return rate_card.load()


def found(rates: RateCard) -> list[Charge]:
    return charges.charges(rates, start=BEGIN, end=END)


def by(rates: RateCard, what: str) -> dict[str, Decimal]:
    return {line.name: line.cost for line in cost_report.grouped(found(rates), what)}


def test_a_job_is_charged_to_its_compute_by_its_limits_and_the_time_it_ran(rates: RateCard) -> None:
    JOBS.note(CommandJob(name="j", command="", compute="cpu-cluster"), ended(3))

    assert {one.meter: one.quantity for one in found(rates)} == {
        Meter.CPU: Decimal("6.0"),
        Meter.MEMORY: Decimal("3.0"),
    }
    assert not any(one.assumed for one in found(rates))
    assert {(one.resource_id, one.resource_type, one.part) for one in found(rates)} == {(CLUSTER, COMPUTES, "j")}
    assert by(rates, "compute") == by(rates, "resource") == {"cpu-cluster": Decimal("0.63")}
    assert by(rates, "tag:cost-center") == {"4711": Decimal("0.63")}
    assert by(rates, "workspace") == {"mlw-dev": Decimal("0.63")}


def test_a_job_of_a_stack_of_which_nothing_is_noted_yet_is_charged_to_it(rates: RateCard) -> None:
    """A plain `pulumi up` notes nothing."""
    JobUsage("new", "id-of-new", WORKSPACE).note(CommandJob(name="j", command=""), ended(1))

    assert {(one.stack, one.workspace_id) for one in found(rates)} == {("new", WORKSPACE)}


def test_jobs_of_a_pipeline_are_one_line_by_job(rates: RateCard) -> None:
    for name, parent in (("step1", "pipe"), ("step2", "pipe"), ("alone", "")):
        JOBS.note(CommandJob(name=name, command="", parent=parent), ended(1))

    assert by(rates, "job") == {"pipe": Decimal("0.42"), "alone": Decimal("0.21")}


def test_a_job_is_charged_once_also_if_its_runner_was_killed(rates: RateCard) -> None:
    for _ in range(2):
        JOBS.note(CommandJob(name="j", command=""), ended(1))

    assert charges.total(found(rates)) == Decimal("0.21")


@pytest.mark.parametrize(
    "container", [replace(ended(1), started_at=""), replace(ended(1), ended_at="")], ids=["never ran", "still runs"]
)
def test_a_job_that_has_not_ended_costs_nothing(rates: RateCard, container: ContainerState) -> None:
    JOBS.note(CommandJob(name="j", command=""), container)

    assert found(rates) == []


def test_a_job_without_limits_is_charged_like_a_service_without(rates: RateCard) -> None:
    JOBS.note(CommandJob(name="j", command=""), replace(ended(1), cpus=0.0, memory_mib=0))

    assert charges.total(found(rates)) == Decimal("0.05")


def test_the_costs_of_jobs_stay_when_the_stack_goes(rates: RateCard) -> None:
    JOBS.note(CommandJob(name="j", command=""), ended(1))
    usage_ledger.note_change("dev", snapshot(), Snapshot(identity="id-of-dev"), at=END)

    assert charges.total(found(rates)) == Decimal("0.21")


def test_a_compute_instance_is_charged_to_its_compute(rates: RateCard) -> None:
    usage_ledger.note_change("dev", snapshot(), snapshot(instance=True), at=BEGIN)
    usage_ledger.note_sample("id-of-dev", {}, {"mlw-dev-ci-ci-bea-home": 2**30}, at=BEGIN)

    assert by(rates, "compute").keys() == {"Ci-Bea"}
    assert {one.part for one in found(rates)} <= {"mlw-dev-ci-ci-bea", "mlw-dev-ci-ci-bea-home"}


DETAILS = {
    "Id": "d1",
    "Name": "/mlw-dev-endpoint-e-blue-1-0",
    "Created": text(0),
    "Config": {
        "Labels": {
            labels.ID: "id-of-dev",
            labels.RESOURCE_ID: f"{WORKSPACE}/onlineEndpoints",
            labels.ONLINE_ENDPOINT: "e",
            labels.ONLINE_DEPLOYMENT: "blue",
        }
    },
    "HostConfig": {"NanoCpus": 1_000_000_000, "Memory": 2**30},
    "State": {"Running": True, "StartedAt": text(0), "FinishedAt": "0001-01-01T00:00:00Z"},
}


def sample(hours: float) -> None:
    use = ContainerUse(
        id="d1",
        name="mlw-dev-endpoint-e-blue-1-0",
        identity="id-of-dev",
        resource_id="",
        state=RunningState(running=True, started=text(0), finished=""),
        outside=usage_outside_states.deployment(DETAILS),
    )
    engine_usage.record(EngineUse(containers=[use], at=BEGIN + timedelta(hours=hours)), ["id-of-dev"])


def test_a_deployment_is_charged_to_its_endpoint_while_it_runs(rates: RateCard) -> None:
    sample(1)
    sample(2)

    lines = cost_report.grouped(charges.charges(rates, start=BEGIN, end=BEGIN + timedelta(hours=4)), "resource")

    assert [(line.name, round(line.cost, 2), round(line.assumed, 2)) for line in lines] == [
        ("e", Decimal("0.44"), Decimal("0.22"))
    ]
    assert {one.resource_type for one in found(rates)} == {COMPUTES.replace("computes", "onlineEndpoints")}


def test_a_change_of_the_state_leaves_a_deployment_running(rates: RateCard) -> None:
    sample(1)
    usage_ledger.note_change("dev", snapshot(), snapshot(instance=True), at=BEGIN + timedelta(hours=1))

    assert not usage_ledger.read("id-of-dev")["outside"]["d1"]["removed"]


def test_a_deployment_ends_when_mlw_removes_it(rates: RateCard) -> None:
    sample(1)
    usage_outside_states.note_removal("id-of-dev", DETAILS)
    held = usage_ledger.read("id-of-dev")["outside"]["d1"]

    assert held["removed"]
    assert held["runs"][-1]["finished"] == held["removed"]
    assert len(held["runs"]) == 1


def test_a_deployment_goes_with_its_stack(rates: RateCard) -> None:
    usage_ledger.note_change("dev", snapshot(), snapshot(instance=True), at=BEGIN)
    sample(1)
    usage_ledger.note_change("dev", snapshot(instance=True), snapshot(up=False), at=BEGIN + timedelta(hours=2))

    assert usage_ledger.read("id-of-dev")["outside"]["d1"]["removed"] == "2026-11-28T14:00:00.000000Z"
