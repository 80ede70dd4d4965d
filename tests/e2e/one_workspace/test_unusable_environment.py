"""An unusable engine, passphrase or folder: one clear message, and nothing changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import PROJECT_ROOT, Environment, outer_variables
from tests.support.processes import run
from tests.support.refusals import assert_refused
from tests.support.stacks import LiveStack, Stack, ephemeral_stack
from tests.support.updates import assert_unchanged


@pytest.fixture(scope="module")
def stack(environment: Environment) -> Iterator[Stack]:
    """A stack that never starts."""
    with ephemeral_stack(environment) as stack:
        yield stack


def test_engine_that_is_not_running_is_named(stack: Stack, tmp_path: Path) -> None:
    nobody = f"unix://{tmp_path}/docker.sock"

    finished = stack.pulumi("up", "--yes", "--skip-preview", DOCKER_HOST=nobody)

    assert_refused(finished, nobody)
    assert not stack.objects()


@pytest.mark.fault("a refresh finds no engine", "the stack is unchanged")
def test_stack_survives_a_refresh_without_its_engine(live: LiveStack, tmp_path: Path) -> None:
    before, nobody = live.stack.objects(), f"unix://{tmp_path}/docker.sock"

    finished = live.stack.pulumi("refresh", "--yes", "--skip-preview", DOCKER_HOST=nobody)

    assert finished.exit_code != 0
    assert nobody in finished.output
    assert "Traceback" not in finished.output
    assert live.stack.objects() == before
    assert_unchanged(live.stack.up())


@pytest.mark.fault("the passphrase is wrong", "the run fails before anything changes")
def test_wrong_passphrase_is_rejected_before_anything_changes(live: LiveStack, tmp_path: Path) -> None:
    wrong = tmp_path / "passphrase"
    wrong.write_text("not the one")
    before = live.stack.objects()

    finished = live.stack.pulumi("up", "--yes", "--skip-preview", PULUMI_CONFIG_PASSPHRASE_FILE=str(wrong))

    assert_refused(finished, "passphrase")
    assert live.stack.objects() == before
    assert_unchanged(live.stack.preview())


@pytest.mark.parametrize("target", ["up", "down", "preview"])
def test_state_folder_that_cannot_be_created_is_named(tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_text("in the way")
    home = tmp_path / "file" / "home"

    finished = run(["make", target], cwd=PROJECT_ROOT, env=outer_variables(home))

    assert_refused(finished, str(home))
