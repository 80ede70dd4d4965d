"""Start, record, stop and restart `dockerd` on machines without systemd.

The engine runs with `--live-restore`: containers keep running while it is stopped, restarted or killed, and it finds
them again. (Swarm mode does not allow that, so an engine that is part of a swarm starts without it.) A hard kill leaves
the pid files of the engine and its containerd behind. The system may reuse those process ids for other programs, which
the engine would mistake for itself, so pid files of other programs are removed before every start.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from infra.host import atomic_files, folders, processes
from infra.host.engine_address import Answer, Health, ask
from infra.host.processes import Process
from tools.bootstrap.bootstrap_errors import BootstrapError

READY_SECONDS = 90.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1
QUOTED_LINES = 8

DAEMON = "dockerd"
PID_FILES = {
    Path("/var/run/docker.pid"): DAEMON,
    Path("/var/run/docker/containerd/containerd.pid"): "containerd",
}
PASSED_ON = frozenset({
    "PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_RAMDISK",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
})  # fmt: skip
"""Variables that the engine inherits. It outlives its caller, so it gets neither the caller's secrets nor its folder
for temporary files: without that folder no command could run in a container."""
CONFIGURATION = Path("/etc/docker/daemon.json")
SWARM_STATE = Path("/var/lib/docker/swarm/docker-state.json")


def may_start() -> bool:
    """Whether this user has the permission to start an engine."""
    return os.geteuid() == 0


def is_running() -> bool:
    """Whether an engine process exists, whoever started it; it may still be starting."""
    remove_stale_pid_files()
    return any(path.exists() for path, program in PID_FILES.items() if program == DAEMON)


def start() -> None:
    """Start the engine and return when it responds.

    Raises:
        BootstrapError: It exits or does not respond in time; quotes the end of its log.
    """
    remove_stale_pid_files()
    log = log_file()
    with log.open("ab") as output:
        engine = subprocess.Popen(
            [DAEMON, *options()],
            cwd="/",
            env={name: value for name, value in os.environ.items() if name in PASSED_ON},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _record(engine.pid)
    wait_until_ready(has_ended=lambda: engine.poll() is not None)


def stop(*, hard: bool = False) -> None:
    """Stop the engine that the bootstrap started; containers keep running.

    Args:
        hard: Kill it, as a crash would, instead of terminating it.
    """
    process = recorded()
    if process is None:
        raise BootstrapError(
            "stopping the Docker engine: the running engine was not started by the bootstrap. "
            "Use the system's service manager, for example `sudo systemctl restart docker`."
        )
    os.kill(process.pid, signal.SIGKILL if hard else signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while process.is_alive:
        if time.monotonic() > deadline:
            raise BootstrapError(
                f"stopping the Docker engine: process {process.pid} is still running after {STOP_SECONDS:.0f} s."
            )
        time.sleep(POLL_SECONDS)


def wait_until_ready(*, has_ended: Callable[[], bool] = lambda: False) -> None:
    """Wait until the engine responds."""
    deadline = time.monotonic() + READY_SECONDS
    answer = Answer(Health.ABSENT)
    while time.monotonic() < deadline and not has_ended():
        answer = ask(timeout=2)
        if answer.health is Health.READY:
            return
        time.sleep(POLL_SECONDS)
    found = "it exited" if has_ended() else f"it does not respond ({answer.detail})"
    raise BootstrapError(f"starting the Docker engine: {found}. The last lines of {log_file()}:\n{last_log_lines()}")


def options() -> list[str]:
    """The engine's options, without those in its configuration file: it rejects duplicates."""
    try:
        configured = json.loads(CONFIGURATION.read_text())
    except (OSError, ValueError):
        configured = {}
    if "live-restore" in configured or SWARM_STATE.exists():
        return []
    return ["--live-restore"]


def remove_stale_pid_files() -> None:
    """Remove pid files whose process is not the expected program."""
    for path, program in PID_FILES.items():
        try:
            pid = int(path.read_text())
        except FileNotFoundError:
            continue
        except ValueError:
            pid = 0
        if processes.program_of(pid) != program:
            path.unlink(missing_ok=True)


def log_file() -> Path:
    """The engine's log."""
    return folders.private_folder(folders.engine()) / "dockerd.log"


def last_log_lines() -> str:
    """The end of the engine's log, indented for a message."""
    try:
        lines = log_file().read_text(errors="replace").splitlines()
    except OSError:
        return "  | (no log)"
    return "\n".join(f"  | {line}" for line in lines[-QUOTED_LINES:])


def recorded() -> Process | None:
    """The engine that the bootstrap started, if it is still running."""
    try:
        process = Process(**json.loads(_record_file().read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return process if process.is_alive else None


def _record(pid: int) -> None:
    if process := processes.find(pid):
        atomic_files.write(_record_file(), json.dumps(asdict(process)))


def _record_file() -> Path:
    return folders.engine() / "dockerd.json"
