"""A stack's state in other backends: on MinIO, copied there by hand, moved there and back. Its objects stay."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from docker import DockerClient

from tests.support.engine import assert_nothing_left
from tests.support.environment import Environment
from tests.support.faults import kill_as_soon_as
from tests.support.journal import Journal
from tests.support.mlflow_client import differences, read_runs, write_runs
from tests.support.object_store import s3_client
from tests.support.processes import Finished, start
from tests.support.stacks import LiveStack, Stack, ephemeral_stack, live_stack
from tests.support.updates import assert_unchanged

BUCKET = "pulumi-state"


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """A bucket for states, in the storage account of another stack."""

    live: LiveStack

    @property
    def url(self) -> str:
        """The backend's address, as a user writes it."""
        return f"s3://{BUCKET}?endpoint={self.live.outputs['endpoints']['storage']}&s3ForcePathStyle=true"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that give access to it."""
        keys = self.live.outputs["credentials"]["storage"]
        return {
            "AWS_ACCESS_KEY_ID": keys["accessKey"],
            "AWS_SECRET_ACCESS_KEY": keys["secretKey"],
            "AWS_REGION": "us-east-1",
        }

    def listed(self) -> list[str]:
        """Return the names of all its objects."""
        found = s3_client(self.live.outputs).list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [one["Key"] for one in found]


@pytest.fixture(scope="module")
def store(environment: Environment) -> Iterator[Store]:
    """A storage account with an empty bucket."""
    with live_stack(environment) as live:
        s3_client(live.outputs).create_bucket(Bucket=BUCKET)
        yield Store(live=live)


@pytest.fixture(scope="module")
def live(environment: Environment, store: Store) -> Iterator[LiveStack]:
    """A workspace with tracking whose state is in a folder."""
    variables = {**environment.variables, **store.variables}
    with ephemeral_stack(replace(environment, variables=variables), tracking={}) as stack:
        stack.lifecycle("up").check()
        yield LiveStack(stack=stack, outputs=stack.outputs())


def elsewhere(stack: Stack, backend: str) -> Stack:
    """The same stack with its state in another backend."""
    variables = {**stack.environment.variables, "PULUMI_BACKEND_URL": backend}
    return replace(stack, environment=replace(stack.environment, variables=variables))


def move(stack: Stack, backend: str) -> Finished:
    return stack.environment.mlw("move", stack.name, "--backend", backend)


def assert_as_before(stack: Stack, before: object) -> None:
    """Fail unless `make up` finds nothing to do, and the engine holds the same objects."""
    finished = stack.lifecycle("up").check()

    assert "No changes" in finished.output
    assert stack.objects() == before


def test_a_whole_life_cycle_with_the_state_on_minio(
    environment: Environment, store: Store, engine: DockerClient, marker: str
) -> None:
    variables = {**environment.variables, **store.variables, "PULUMI_BACKEND_URL": store.url}
    with ephemeral_stack(environment) as made:
        made.pulumi("stack rm", "--yes", "--preserve-config", "--remove-backups").check()
        stack = replace(made, environment=replace(environment, variables=variables))

        stack.lifecycle("up").check()
        journal = Journal(stack=stack.name, outputs=stack.outputs(), marker=marker).write()
        assert_as_before(stack, stack.objects())
        assert_unchanged(stack.preview())
        stack.environment.mlw("diagnose", stack.name).check()
        journal.verify()
        stack.lifecycle("down").check()

        assert_nothing_left(engine, stack=stack.name)
        assert not [key for key in store.listed() if stack.name in key and "/stacks/" in key]


def test_a_state_copied_by_hand_replaces_nothing(live: LiveStack, tmp_path: Path) -> None:
    before, exported = live.stack.objects(), tmp_path / "state.json"
    (tmp_path / "other").mkdir()
    other = elsewhere(live.stack, f"file://{tmp_path}/other")

    live.stack.pulumi("stack export", "--file", str(exported)).check()
    other.init()
    other.pulumi("stack import", "--file", str(exported)).check()

    assert_as_before(other, before)
    assert_as_before(live.stack, before)


def test_a_stack_moves_to_minio_and_back(live: LiveStack, store: Store, marker: str) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()
    runs = write_runs(live.outputs, f"{marker}-runs")
    before, home = live.stack.objects(), live.stack.environment.variables["PULUMI_BACKEND_URL"]
    there = elsewhere(live.stack, store.url)

    move(live.stack, store.url).check()
    assert live.stack.files_in_backend() == []
    assert_as_before(there, before)
    assert differences(read_runs(there.outputs()), runs) == []
    gone = live.stack.lifecycle("down")
    move(there, home).check()

    assert gone.exit_code != 0
    assert "Nothing was removed" in gone.output
    assert_as_before(live.stack, before)
    assert not [key for key in store.listed() if live.stack.name in key and "/stacks/" in key]
    journal.verify()


def test_a_state_moves_to_another_passphrase(live: LiveStack, tmp_path: Path) -> None:
    before, home = live.stack.objects(), live.stack.environment.variables["PULUMI_BACKEND_URL"]
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("another one\n")
    moved = elsewhere(live.stack, f"file://{tmp_path}/other")
    variables = {**moved.environment.variables, "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase)}
    there = replace(moved, environment=replace(moved.environment, variables=variables))

    live.stack.environment.mlw(
        "move", live.stack.name, "--backend", f"file://{tmp_path}/other", "--passphrase-file", str(passphrase)
    ).check()

    assert moved.pulumi("stack output", "credentials", "--show-secrets").exit_code != 0
    assert_as_before(there, before)
    own = live.stack.environment.variables["PULUMI_CONFIG_PASSPHRASE_FILE"]
    there.environment.mlw("move", there.name, "--backend", home, "--passphrase-file", own).check()
    assert_as_before(live.stack, before)


@pytest.mark.fault("`mlw move` is killed", "one state is active, and the next run finishes the move")
def test_a_killed_move_leaves_one_active_state_and_is_finished_by_the_next(live: LiveStack, tmp_path: Path) -> None:
    stack, before = live.stack, live.stack.objects()
    home = stack.environment.variables["PULUMI_BACKEND_URL"]
    there = elsewhere(stack, f"file://{tmp_path}/other")
    notes = stack.environment.home / "moves"
    moments: list[Callable[[], bool]] = [
        lambda: bool(list(notes.glob("*.json"))),
        there.state_file.exists,
        lambda: '"copied": true' in "".join(path.read_text() for path in notes.glob("*.json")),
    ]

    refusing: list[Callable[[Stack], Finished]] = [
        lambda other: other.lifecycle("up"),
        lambda other: other.lifecycle("down"),
        lambda other: other.pulumi("destroy", "--yes"),
    ]

    command = ["mlw", "move", stack.name, "--backend", f"file://{tmp_path}/other"]
    for moment, use in zip(moments, refusing, strict=True):
        running = start(command, cwd=stack.environment.project, env=stack.environment.variables)
        kill_as_soon_as(moment, running)
        in_charge, other = (there, stack) if moment is moments[-1] else (stack, there)
        assert_as_before(in_charge, before)
        refused = use(other)
        assert refused.exit_code != 0
        assert "is the valid one" in refused.output
    move(there, f"file://{tmp_path}/other").check()

    assert not list(notes.glob("*.json"))
    assert stack.files_in_backend() == []
    assert_as_before(there, before)
    move(there, home).check()
    assert_as_before(stack, before)


def test_a_backend_with_a_stack_of_that_name_is_rejected(live: LiveStack, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = elsewhere(live.stack, f"file://{tmp_path}/other")
    exported = tmp_path / "state.json"
    live.stack.pulumi("stack export", "--file", str(exported)).check()
    other.init()
    other.pulumi("stack import", "--file", str(exported)).check()

    refused = move(live.stack, f"file://{tmp_path}/other")
    itself = move(live.stack, live.stack.environment.variables["PULUMI_BACKEND_URL"])

    assert refused.exit_code == 1
    assert "already has a stack of this name" in refused.output
    assert itself.exit_code == 1
    assert "already" in itself.output
