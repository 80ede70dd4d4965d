"""Backup and restore are killed halfway: nothing is lost or left behind, and the next run finishes the work."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from docker import DockerClient

from infra import services
from tests.support import archives
from tests.support.engine import assert_nothing_left
from tests.support.environment import Environment, make_environment
from tests.support.faults import kill_as_soon_as
from tests.support.journal import Journal
from tests.support.object_store import s3_client
from tests.support.probes import probe_until
from tests.support.processes import Finished, run, start
from tests.support.stacks import LiveStack, Stack, ephemeral_stack
from tests.support.updates import assert_unchanged

CONTAINERS = len(services.REQUIRED)
PASSPHRASE = "correct horse battery staple"
BUCKET, CHUNK = "azureml", 1 << 20
VOLUMES = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A stack and the path of its archive."""

    live: LiveStack
    archive: Path

    @property
    def stack(self) -> Stack:
        """The stack."""
        return self.live.stack

    @property
    def unfinished(self) -> Path:
        """The archive's temporary file while it is being written."""
        return self.archive.with_name(f".{self.archive.name}.unfinished")


def variables(stack: Stack) -> dict[str, str]:
    return {**stack.environment.variables, "MLW_ARCHIVE_PASSPHRASE": PASSPHRASE}


def backup(place: Place) -> list[str]:
    return ["mlw", "backup", place.stack.name, str(place.archive)]


def restore(stack: Stack, archive: Path) -> list[str]:
    return ["mlw", "restore", str(archive), "--stack", stack.name]


def finish(command: list[str], stack: Stack) -> Finished:
    return run(command, cwd=stack.environment.project, env=variables(stack))


def kill_when(command: list[str], stack: Stack, condition: Callable[[], bool]) -> None:
    kill_as_soon_as(condition, start(command, cwd=stack.environment.project, env=variables(stack)))


@pytest.fixture(scope="module")
def place(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A running workspace."""
    with ephemeral_stack(environment) as stack:
        stack.up().check()
        live = LiveStack(stack=stack, outputs=stack.outputs())
        s3_client(live.outputs).put_object(Bucket=BUCKET, Key="large", Body=os.urandom(5 * CHUNK))
        yield Place(live=live, archive=tmp_path_factory.mktemp("archive") / "a.mlw")


def states(stack: Stack, engine: DockerClient) -> list[tuple[bool, bool]]:
    """Return whether each container runs, and whether it is paused."""
    found = [engine.api.inspect_container(one)["State"] for one in stack.objects().containers]
    return [(state["Running"], state["Paused"]) for state in found]


@pytest.mark.fault("a backup is killed", "the workspace runs, and no incomplete archive is left")
def test_a_killed_backup_leaves_a_running_workspace_and_no_archive(
    place: Place, engine: DockerClient, marker: str, tmp_path: Path
) -> None:
    place = replace(place, archive=tmp_path / "archive" / "a.mlw")
    place.archive.parent.mkdir()
    journal = Journal(stack=place.stack.name, outputs=place.live.outputs, marker=marker).write()
    moments: list[Callable[[], bool]] = [
        place.unfinished.exists,
        lambda: (True, True) in states(place.stack, engine),
        lambda: place.unfinished.exists() and place.unfinished.stat().st_size > 3 * CHUNK,
    ]

    for moment in moments:
        kill_when(backup(place), place.stack, moment)
        probe_until(lambda: _assert_running(place.stack, engine), what="containers are resumed")
        assert not place.archive.exists()

    journal.verify()
    assert_unchanged(place.stack.preview())
    finish(backup(place), place.stack).check()
    assert [path.name for path in place.archive.parent.iterdir()] == [place.archive.name]
    assert states(place.stack, engine) == [(True, False)] * CONTAINERS


def _assert_running(stack: Stack, engine: DockerClient) -> None:
    assert states(stack, engine) == [(True, False)] * CONTAINERS


@pytest.mark.fault("a backup is interrupted", "it cleans up, and the workspace runs")
def test_an_interrupted_backup_cleans_up(place: Place, engine: DockerClient, tmp_path: Path) -> None:
    here = replace(place, archive=tmp_path / "b.mlw")
    running = start(backup(here), cwd=here.stack.environment.project, env=variables(here.stack))

    probe_until(lambda: _assert_paused(here.stack, engine), what="containers are paused", interval_seconds=0.005)
    running.terminate()
    output = running.communicate()

    assert running.returncode != 0
    assert "Traceback" not in "".join(output)
    assert states(here.stack, engine) == [(True, False)] * CONTAINERS
    assert not list(tmp_path.glob("*b.mlw*"))


def _assert_paused(stack: Stack, engine: DockerClient) -> None:
    assert (True, True) in states(stack, engine)


@pytest.mark.fault(
    "an archive is restored next to the original under taken names", "it is rejected with the keys to set"
)
def test_names_in_the_stack_file_are_rejected_with_what_to_set(
    place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = make_environment(place.stack.environment.project, tmp_path_factory.mktemp("other-home"))
    copy = replace(place.stack, name=f"{place.stack.name}-copy", environment=home)
    archive = tmp_path_factory.mktemp("archive") / "c.mlw"
    finish(backup(replace(place, archive=archive)), place.stack).check()

    refused = finish(restore(copy, archive), copy)

    assert refused.exit_code == 1
    assert "Set 'ml-workspace:keyVault.name' in" in refused.output
    assert copy.files_in_backend() == []
    (home.stack_folder / f"Pulumi.{copy.name}.yaml").unlink()


@pytest.mark.fault("a restore is killed", "the next one finishes it, or `make down` removes all of it")
def test_killed_restores_are_finished_by_the_next_one_or_removed(
    place: Place, engine: DockerClient, marker: str
) -> None:
    stack = place.stack
    Journal(stack=stack.name, outputs=place.live.outputs, marker=marker).write()
    archive = place.archive.with_name("d.mlw")
    finish(backup(replace(place, archive=archive)), stack).check()
    blobs = archives.blobs(place.live.outputs)
    stack.lifecycle("down").check()
    notes = stack.environment.home / "restores"

    kill_when(restore(stack, archive), stack, lambda: len(stack.objects().volumes) == VOLUMES // 2)
    refused = stack.lifecycle("up")
    assert refused.exit_code == 1
    assert "its restore from" in refused.output
    stack.lifecycle("down").check()
    assert_nothing_left(engine, stack=stack.name)
    assert not list(notes.iterdir())
    assert stack.name not in (stack.environment.home / "stacks.json").read_text()

    moments: list[Callable[[], bool]] = [
        lambda: bool(list(notes.iterdir())),
        lambda: len(stack.objects().volumes) == VOLUMES - 1,
        stack.state_file.exists,
        lambda: stack.state_file.exists() and _resources(stack) > 0,
        lambda: len(stack.objects().containers) > 1,
    ]
    for moment in moments:
        kill_when(restore(stack, archive), stack, moment)
        if _resources(stack):
            break
        if stack.state_file.exists():
            # The CLI writes them in place, so that a kill can leave them empty.
            stack.state_file.with_name(f"{stack.state_file.name}.attrs").write_bytes(b"")
    stack.lifecycle("up").check()

    outputs = stack.outputs()
    assert archives.blobs(outputs) == blobs
    Journal(stack=stack.name, outputs=outputs, marker=marker).verify()
    assert_unchanged(stack.preview())
    assert not list(notes.iterdir())
    assert len(stack.objects().volumes) == VOLUMES


def _resources(stack: Stack) -> int:
    try:
        return len(json.loads(stack.state_file.read_text())["checkpoint"]["latest"].get("resources") or [])
    except (FileNotFoundError, ValueError, AttributeError, LookupError):
        return 0
