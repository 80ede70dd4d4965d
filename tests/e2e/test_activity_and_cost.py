"""What was done to a workspace in its life, and what it cost, is known after it is gone."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.engine import open_engine
from tests.support.environment import Environment
from tests.support.stacks import LiveStack, Stack, ephemeral_stack

RUN, WORKSPACE = "Microsoft.Resources/deployments", "Microsoft.MachineLearningServices/workspaces"
RESOURCES = (
    "Microsoft.Resources/subscriptions/resourceGroups",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Insights/components",
    WORKSPACE,
    *(f"{WORKSPACE}/datastores",) * 4,
)
CPU_WITHOUT_LIMIT, CPU_HOUR, MEMORY_HOUR = 0.25, 0.02, 0.004
"""As in stacks/rates.yaml."""


def mlw(stack: Stack, *words: str) -> Any:  # noqa: ANN401 - JSON
    """What a command prints as JSON."""
    return json.loads(stack.environment.mlw(*words, "-o", "json").check().stdout)


def activity(stack: Stack) -> list[dict[str, Any]]:
    """All events of the stack, in the order in which they happened."""
    found: list[dict[str, Any]] = mlw(stack, "activity", "list", stack.name, "--max-events", "200")
    return found[::-1]


def lines(events: list[dict[str, Any]]) -> list[str]:
    return [f"{event['operationName']} {event['status']}" for event in events]


def test_life_of_a_workspace_is_in_the_activity_log_and_its_cost_is_known(environment: Environment) -> None:
    with ephemeral_stack(environment) as stack:
        assert stack.lifecycle("up").exit_code == 0
        created = activity(stack)
        assert lines([created[0], created[-1]]) == [f"{RUN}/write Started", f"{RUN}/write Succeeded"]
        assert sorted(lines(created[1:-1])) == sorted(f"{name}/write Succeeded" for name in RESOURCES)
        assert len({event["correlationId"] for event in created}) == 1

        stack.up().check()
        assert stack.environment.mlw("keys", "show", stack.name).exit_code == 0
        assert stack.environment.mlw("keys", "rotate", stack.name, "--service", "registry").exit_code == 0
        changed = activity(stack)[len(created) :]
        assert lines(changed) == [
            f"{RUN}/write Started",
            f"{RUN}/write Succeeded",
            f"{WORKSPACE}/listKeys/action Started",
            f"{WORKSPACE}/listKeys/action Succeeded",
            f"{WORKSPACE}/rotateKeys/action Started",
            f"{RUN}/write Started",
            "Microsoft.ContainerRegistry/registries/regenerateCredential/action Succeeded",
            f"{RUN}/write Succeeded",
            f"{WORKSPACE}/rotateKeys/action Succeeded",
        ]
        assert len({event["correlationId"] for event in changed}) == 3
        assert len({event["caller"] for event in [*created, *changed]}) == 1

        _assert_cost_is_that_of_the_running_containers(stack)
        secrets = _secrets(stack)
        stack.destroy().check()
        assert stack.pulumi("stack rm", "--yes", "--remove-backups").exit_code == 0

        deleted = activity(stack)[len(created) + len(changed) :]
        assert lines([deleted[0], deleted[-1]]) == [f"{RUN}/delete Started", f"{RUN}/delete Succeeded"]
        assert sorted(lines(deleted[1:-1])) == sorted(f"{name}/delete Succeeded" for name in RESOURCES)
        assert mlw(stack, "activity", "verify")["findings"] == []
        text = "".join(path.read_text() for path in (environment.home / "activity").rglob("*") if path.is_file())
        assert [secret for secret in secrets if secret in text] == []
        assert mlw(stack, "cost", "show", stack.name, "--no-sample")["total"] > 0


def _assert_cost_is_that_of_the_running_containers(stack: Stack) -> None:
    before = datetime.now(UTC)
    report = mlw(stack, "cost", "show", stack.name)
    after = datetime.now(UTC)

    hours, rate = 0.0, 0.0
    with open_engine() as engine:
        for name in stack.names_in_state()["containers"]:
            details = engine.api.inspect_container(name)
            per_hour = CPU_WITHOUT_LIMIT * CPU_HOUR + details["HostConfig"]["Memory"] / 2**30 * MEMORY_HOUR
            started = datetime.fromisoformat(details["State"]["StartedAt"][:19]).replace(tzinfo=UTC)
            hours += (before - started).total_seconds() / 3600 * per_hour
            rate += per_hour
    # Between the two clocks, and a second for rounding.
    slack = ((after - before).total_seconds() + 1.0) / 3600 * rate
    measured = sum(line["cpu"] + line["memory"] for line in report["lines"])
    assert hours - slack <= measured <= hours + slack
    assert report["assumed"] == pytest.approx(0.0, abs=slack)
    assert {one["container"] for one in report["efficiency"]} == set(stack.names_in_state()["containers"])
    assert all(0 < one["memoryEfficiency"] < 1 for one in report["efficiency"])


def _secrets(stack: Stack) -> list[str]:
    return LiveStack(stack=stack, outputs=stack.outputs()).secrets
