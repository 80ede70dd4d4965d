"""Stacks of earlier versions, recorded as they were: `make up` takes each over where it is, with everything in it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from docker import DockerClient

from infra.host import file_locks
from tests.support.engine import container_of, read_files
from tests.support.environment import copy_project, make_environment
from tests.support.journal import Journal
from tests.support.otlp import Protocol, send
from tests.support.processes import Finished, kill_session
from tests.support.recorded_stacks import PASSPHRASE, Recording, read_content
from tests.support.stacks import Stack
from tests.support.updates import assert_unchanged

RECORDINGS = sorted(path for path in (Path(__file__).parent / "recorded_stacks").iterdir() if path.is_dir())
TELEMETRY_FOLDER = "/var/lib/otelcol/data/"
BEFORE_THE_PLUGIN = "before-the-plugin"


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenOver:
    """A recorded stack after `make up` of this version."""

    recording: Recording
    stack: Stack
    said_before: str
    """What `make status`, a plain `pulumi up` and a `make up` that was killed half way said before."""
    up: Finished
    outputs: dict[str, Any]

    @property
    def is_from_before_the_plugin(self) -> bool:
        """Whether its state has another form than today's."""
        return self.recording.folder.name == BEFORE_THE_PLUGIN


def said_before(stack: Stack) -> str:
    """Run status, a bare update and a killed `make up` before the real upgrade; return their output."""
    bare = stack.pulumi("up", "--yes", "--skip-preview")
    assert bare.exit_code != 0
    return stack.lifecycle("status").output + bare.output + killed_while_it_is_taken_over(stack)


def killed_while_it_is_taken_over(stack: Stack) -> str:
    """Kill `make up`, with all its children, when it has kept the old state and is about to import the new one."""
    running = stack.start_lifecycle("up")
    assert running.stdout is not None
    said = running.stdout.readline()
    kill_session(running.pid)
    running.communicate()
    return said


@pytest.fixture(scope="module", params=RECORDINGS, ids=lambda folder: folder.name)
def taken_over(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TakenOver]:
    """Put a recorded stack on the engine, and run `make up`; afterwards `make down` leaves nothing of it."""
    recording, folder = Recording(folder=request.param), tmp_path_factory.mktemp("recorded")
    home = folder / "home"
    home.mkdir(mode=0o700)
    (home / "passphrase").write_text(PASSPHRASE)
    (home / "passphrase").chmod(0o600)
    stack = Stack(
        name=recording.stack, workload="", environment=make_environment(copy_project(folder / "project"), home)
    )
    (stack.environment.stack_folder / f"Pulumi.{stack.name}.yaml").write_text(recording.settings)
    (folder / "state.json").write_text(recording.state_text)
    stack.init()
    stack.pulumi("stack import", f"--file={folder / 'state.json'}").check()
    # Names and ports are those of the recording: one run at a time on this machine.
    with file_locks.hold(
        Path(gettempdir()) / f"ml-workspace-recorded-{os.getuid()}.lock", "taking recorded stacks over"
    ):
        try:
            recording.restore_volumes()
            said = said_before(stack) if request.param.name == BEFORE_THE_PLUGIN else ""
            up = stack.lifecycle("up").check()
            yield TakenOver(recording=recording, stack=stack, said_before=said, up=up, outputs=stack.outputs())
        finally:
            down, left = stack.lifecycle("down"), recording.volumes_on_engine()
            recording.remove_volumes()
    assert "volumes       none" in down.check().output
    assert not left


def test_blobs_secrets_images_runs_and_keys_are_unchanged(taken_over: TakenOver) -> None:
    assert read_content(taken_over.outputs) == taken_over.recording.content


def test_telemetry_files_stay_and_new_telemetry_is_found_by_queries(
    taken_over: TakenOver, engine: DockerClient, marker: str
) -> None:
    outputs = taken_over.outputs
    insights = outputs["workspace"]["applicationInsights"]
    if recorded := taken_over.recording.telemetry:
        container = container_of(engine, insights, stack=taken_over.stack.name, role="insights")
        kept = {Path(name).name: content for name, content in read_files(engine, container, TELEMETRY_FOLDER).items()}
        assert kept == recorded
    token = outputs["credentials"]["telemetry"]["token"]
    assert all(send(Protocol.HTTP, outputs["endpoints"], token, marker).values())
    Journal(stack=taken_over.stack.name, outputs=outputs, marker=marker).verify_signals()


def test_no_volume_is_another_one(taken_over: TakenOver) -> None:
    assert taken_over.recording.volumes_on_engine() == dict.fromkeys(taken_over.recording.labels, True)


def test_the_old_state_is_kept_at_the_printed_path(taken_over: TakenOver) -> None:
    said = taken_over.said_before + taken_over.up.output
    kept = [str(path) for path in taken_over.stack.environment.home.rglob("earlier-version-*.json")]
    assert bool(kept) is taken_over.is_from_before_the_plugin
    assert all(path in said for path in kept)


def test_until_then_the_command_to_run_is_named_and_nothing_happens(taken_over: TakenOver) -> None:
    if taken_over.is_from_before_the_plugin:
        name = taken_over.stack.name
        assert (
            f"It was created by an earlier version of the project; `make up STACK={name}` upgrades it"
            in taken_over.said_before
        )
        assert (
            f"Nothing was changed. Run `make up STACK={name}`, which upgrades it and keeps its data"
            in taken_over.said_before
        )


def test_afterwards_it_is_a_stack_like_any_other(taken_over: TakenOver) -> None:
    stack = taken_over.stack
    assert_unchanged(stack.preview())
    stack.environment.mlw("diagnose", stack.name).check()
    assert stack.name in stack.environment.mlw("list").check().stdout
    stack.lifecycle("status").check()
