"""The engine that the bootstrap starts on a bare machine: started, restarted, killed, and explained when it cannot.

The machine is simulated with its own mounts, process ids and network, so that a second engine does not see or harm
the first one. That needs root.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.host import folders
from tests.support.processes import run
from tools.bootstrap.images import image_table

NAMESPACES = ["unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc", "--kill-child"]
END = "--- end of the command:"
ENGINE = "python3 -m tools.bootstrap engine"
BARE_MACHINE = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib/docker
mkdir -p /etc/docker && mount -t tmpfs tmpfs /etc/docker
ip link set lo up
exec bash
"""
CRASH = "kill -9 $(cat /var/run/docker.pid) $(cat /var/run/docker/containerd/containerd.pid)"
IMAGE = next(service.image for service in image_table.load() if service.name == "registry")
STATE_OF_CONTAINER = "docker inspect steady --format '{{.State.Status}} {{.State.Pid}}'"
SECONDS_TO_SAVE = 300.0

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("dockerd"),
    reason="a machine inside the machine needs root, unshare and dockerd",
)


class Machine:
    """A bare machine: a shell in its own namespaces, in the checkout."""

    def __init__(self, folder: Path) -> None:
        outer = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
        self.shell = subprocess.Popen(
            [*NAMESPACES, "bash", "-c", BARE_MACHINE],
            cwd=folders.repo(),
            env={**outer, "MLW_CACHE": str(folder / "cache"), "MLW_HOME": str(folder / "home")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def try_(self, script: str) -> tuple[int, str]:
        """Run a script; return its exit code and what it printed."""
        assert self.shell.stdin
        assert self.shell.stdout
        self.shell.stdin.write(f"( {script}\n) </dev/null; printf '\\n%s %s\\n' '{END}' $?\n")
        self.shell.stdin.flush()
        printed: list[str] = []
        for line in self.shell.stdout:
            if line.startswith(END):
                return int(line.rpartition(" ")[2]), "".join(printed).strip()
            printed.append(line)
        raise AssertionError("the machine is gone:\n" + "".join(printed))

    def check(self, script: str) -> str:
        """Run a script that must succeed; return its output."""
        code, printed = self.try_(script)
        assert code == 0, printed
        return printed

    def switch_off(self) -> None:
        """End every process of the machine."""
        self.shell.kill()
        self.shell.communicate()


@pytest.fixture(scope="module")
def image_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Any image with a shell; the machine has no network to pull one."""
    file = tmp_path_factory.mktemp("image") / "image.tar"
    command = ["docker", "save", "--output", str(file), IMAGE]
    run(command, cwd=folders.repo(), env=os.environ, timeout_seconds=SECONDS_TO_SAVE).check()
    return file


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine without an engine."""
    made = Machine(tmp_path)
    yield made
    made.switch_off()


@pytest.fixture
def busy_machine(machine: Machine, image_file: Path) -> Machine:
    """A machine whose engine the bootstrap has started, with one running container."""
    machine.check(ENGINE)
    machine.check(f"docker load --quiet --input {image_file}")
    machine.check(
        f"docker run --detach --name steady --restart unless-stopped --entrypoint /bin/sh {IMAGE} "
        "-c 'while :; do sleep 1; done'"
    )
    return machine


@pytest.mark.fault("two runs start the engine", "there is one engine")
def test_engine_is_started_once(machine: Machine) -> None:
    assert "Docker engine: started" in machine.check(ENGINE)
    assert "everything is there" in machine.check(ENGINE)


@pytest.mark.parametrize("how", ["", "--hard"], ids=["asked to end", "killed"])
@pytest.mark.fault("the engine is restarted under running containers", "the containers keep running")
def test_containers_keep_running_while_the_engine_restarts(busy_machine: Machine, how: str) -> None:
    before = busy_machine.check(STATE_OF_CONTAINER)
    assert "restarted" in busy_machine.check(f"{ENGINE} --restart {how}")
    assert busy_machine.check(STATE_OF_CONTAINER) == before
    assert before.startswith("running ")


@pytest.mark.fault("the engine crashes and its process ids are reused", "the next run starts it")
def test_engine_starts_after_a_crash_although_its_process_ids_were_reused(busy_machine: Machine) -> None:
    busy_machine.check(CRASH)
    busy_machine.check(
        "sleep 600 >/dev/null 2>&1 & printf $! | tee /var/run/docker.pid >/var/run/docker/containerd/containerd.pid"
    )
    assert "Docker engine: started" in busy_machine.check(ENGINE)
    assert busy_machine.check(STATE_OF_CONTAINER).startswith("running ")


@pytest.mark.fault("the engine cannot start", "its own message is shown")
def test_engine_that_cannot_start_is_quoted(machine: Machine) -> None:
    machine.check("echo '{\"no-such-option\": 1}' > /etc/docker/daemon.json")
    code, printed = machine.try_(ENGINE)
    assert code == 1
    assert "error: starting the Docker engine: it exited" in printed
    assert "no-such-option" in printed.splitlines()[-1]
    assert "Traceback" not in printed


@pytest.mark.fault("a foreign engine is to be restarted", "it is left alone")
def test_foreign_engine_is_not_restarted(machine: Machine) -> None:
    machine.check("dockerd >/run/other.log 2>&1 & until docker info >/dev/null 2>&1; do :; done")
    code, printed = machine.try_(f"{ENGINE} --restart")
    assert code == 1
    assert "was not started by the bootstrap" in printed
    machine.check("docker info --format '{{.ServerVersion}}'")
