"""`mlw create`, `update` and `delete` through a whole life, without a terminal; events of each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import objects_with_label, open_engine
from tests.support.environment import Environment
from tests.support.stack_file import unique_workload

TAGS = ["--tags", "owner=a@example.org", "--tags", "cost-center=4711", "--tags", "project=churn"]


@pytest.fixture
def stack(environment: Environment) -> Iterator[str]:
    """A name; nothing of the stack is left."""
    name = f"stack-{unique_workload()}"
    yield name
    environment.mlw("delete", name, "--yes").check()
    (environment.stack_folder / f"Pulumi.{name}.yaml").unlink()
    with open_engine() as engine:
        assert not objects_with_label(engine, stack=name)


def events_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_workspace_is_created_changed_and_deleted(environment: Environment, stack: str, tmp_path: Path) -> None:
    file, events = environment.stack_folder / f"Pulumi.{stack}.yaml", tmp_path / "events"
    workload = ["--workload", stack.removeprefix("stack-")]

    created = environment.mlw("create", stack, *workload, *TAGS, "--yes", "-o", "json", "--events", str(events)).check()

    record, written = json.loads(created.stdout), events_of(events)
    assert record["provisioningState"] == "Succeeded"
    assert next(event for event in written if event["type"] == "ready")["endpoints"] == record["endpoints"]
    assert {"WorkspaceRecord", "Container"} <= {event.get("resource") for event in written}
    assert (written[-1]["type"], written[-1]["exitCode"]) == ("finished", 0)
    secrets = json.loads(environment.mlw("keys", stack).check().stdout)
    hidden = [secrets["storage"]["secretKey"], secrets["keyVault"]["token"], secrets["registry"]["password"]]
    assert [secret for secret in hidden if secret in events.read_text() + created.output] == []

    before = file.read_text()
    refused = environment.mlw("update", stack, "--set", "instance=002", "--yes")
    assert (refused.exit_code, file.read_text()) == (1, before)
    assert "changing it would replace resources and delete their data" in refused.stderr

    changed = environment.mlw("update", stack, "--tags", "cost-center=4712", "--yes", "--events", "-").check()
    steps = [json.loads(line) for line in changed.stdout.splitlines()]
    assert {event["operation"] for event in steps if event["type"] == "resource"} == {"update"}
    assert file.read_text() == before.replace("4711", "4712")

    kept = environment.mlw("delete", stack)
    assert (kept.exit_code, "Would be deleted permanently: " in kept.stdout, "storage account" in kept.stdout) == (
        1,
        True,
        True,
    )
    environment.mlw("show", stack).check()
