"""The examples that make something of their own: a workspace for a pull request, and another Pulumi program."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import objects_with_label, open_engine
from tests.support.environment import PROJECT_ROOT, Environment, outer_variables
from tests.support.object_store import s3_client
from tests.support.processes import Finished, run

EXAMPLE = "examples/one_component"
SECONDS = 300


@pytest.fixture
def number() -> int:
    """Number of a pull request that no other run has."""
    return random.SystemRandom().randrange(10_000, 100_000)


def pull_request(number: int, home: Path, *command: str) -> Finished:
    words = ["examples/pull_request.sh", str(number), *command]
    return run(words, cwd=PROJECT_ROOT, env=outer_variables(home), timeout_seconds=SECONDS)


def test_a_pull_request_has_a_workspace_as_long_as_its_command_runs(number: int, tmp_path: Path) -> None:
    finished = pull_request(number, tmp_path / "home", "bash", "-c", 'mlw show "$STACK"; exit 3')

    assert finished.exit_code == 3, finished.output
    assert f'"name": "mlw-pr{number}-dev-westeurope-001"' in finished.stdout
    assert not (PROJECT_ROOT / "stacks" / f"Pulumi.pr-{number}.yaml").exists()
    with open_engine() as engine:
        assert not objects_with_label(engine, stack=f"pr-{number}")


class Program:
    """The example in a copy of the project, with one stack."""

    def __init__(self, environment: Environment, number: int) -> None:
        self.environment, self.stack, self.workload = environment, f"features-{number}", f"ft{number}"

    def pulumi(self, *words: str) -> Finished:
        command = ["pulumi", "-C", EXAMPLE, *words, "--stack", self.stack, "--non-interactive", "--color", "never"]
        environment = self.environment
        return run(command, cwd=environment.project, env=environment.variables, timeout_seconds=SECONDS)


@pytest.fixture
def program(environment: Environment, number: int) -> Iterator[Program]:
    """The program with a stack of its own; nothing of it is left."""
    made = Program(environment, number)
    made.pulumi("stack", "init").check()
    made.pulumi("config", "set", "workload", made.workload).check()
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview").check()
    made.pulumi("stack", "rm", "--yes", "--remove-backups").check()
    with open_engine() as engine:
        assert not objects_with_label(engine, stack=made.stack)


def test_another_program_uses_a_component_under_the_same_policies(program: Program) -> None:
    program.pulumi("config", "set", "sku", "Standard_XYZ").check()
    rejected = program.pulumi("preview")
    assert rejected.exit_code != 0
    assert "storage-account-limit-sku" in rejected.output

    program.pulumi("config", "rm", "sku").check()
    program.pulumi("up", "--yes", "--skip-preview").check()

    shown = json.loads(program.pulumi("stack", "output", "--show-secrets", "--json").check().stdout)
    outputs = {"endpoints": {"storage": shown["endpoint"]}, "credentials": {"storage": shown["credentials"]}}
    s3 = s3_client(outputs)
    s3.create_bucket(Bucket="features")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["features"]
