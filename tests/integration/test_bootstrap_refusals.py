"""A machine that cannot run the workspace is reported in one message, before anything starts.

Disks are filled in a separate mount namespace and users changed for one process only, so that nothing is left on the
machine.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import PROJECT_ROOT, outer_variables
from tests.support.processes import Finished, run
from tests.support.refusals import assert_refused

SYSTEM_PYTHON = "/usr/bin/python3"
"""One that every user may run, which the interpreter of a virtual environment in root's home is not."""

NOBODY = 65534

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may mount a small disk and become a user without rights"
)


def on_a_disk_of(size: str, folder: Path, script: str, **variables: str) -> Finished:
    """Run a shell script with a small disk mounted on a folder."""
    mounted = f'mount -t tmpfs -o size={size} tmpfs "{folder}" && {script}'
    env = {**outer_variables(folder / "home"), **variables}
    return run(["unshare", "--mount", "sh", "-c", mounted], cwd=PROJECT_ROOT, env=env)


@needs_root
def test_disk_without_room_for_the_tools_is_refused_before_a_build(tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    finished = on_a_disk_of("2m", tmp_path, "make setup", MLW_CACHE=str(cache))

    assert_refused(finished, "GiB of disk space are needed", str(cache), "MLW_CACHE")


@needs_root
@pytest.mark.parametrize("target", ["setup", "up", "env"])
def test_disk_without_room_for_the_state_is_named(tmp_path: Path, target: str) -> None:
    fill = f'head -c 1m /dev/zero > "{tmp_path}/full" 2> /dev/null;'

    finished = on_a_disk_of("64k", tmp_path, f"{{ {fill} make {target} STACK=ci; }}")

    assert_refused(finished, str(tmp_path / "home"), "No space left on device", "MLW_HOME")


@pytest.fixture
def home_of_nobody() -> Iterator[Path]:
    """A folder of a user without rights; not in pytest's own folders, which only their owner can enter."""
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, NOBODY, NOBODY)
        yield Path(home)


@needs_root
def test_engine_without_access_for_the_user_is_rejected_with_a_remedy(home_of_nobody: Path) -> None:
    home = str(home_of_nobody)
    env = {**outer_variables(home_of_nobody), "HOME": home, "MLW_CACHE": home}
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", SYSTEM_PYTHON]

    finished = run([*command, "-m", "tools.bootstrap", "engine"], cwd=PROJECT_ROOT, env=env)

    assert_refused(finished, "permission denied", "docker.sock", "usermod -aG docker")


def test_engine_address_without_an_engine_is_rejected(tmp_path: Path) -> None:
    nobody = f"unix://{tmp_path}/docker.sock"
    env = {**outer_variables(tmp_path / "home"), "DOCKER_HOST": nobody}

    finished = run(["make", "up", "STACK=ci"], cwd=PROJECT_ROOT, env=env)

    assert_refused(finished, nobody, "DOCKER_HOST")
