"""Use the running Docker engine; where there is none, install and start one as root on Debian and Ubuntu.

With systemd the engine is a service of the system, started by `systemctl`. Without it the bootstrap starts `dockerd`
itself (:mod:`tools.bootstrap.engine_process`). In all other cases a message says what to do.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.host.engine_address import Answer, Health, address, ask, is_local_default
from tools.bootstrap import child_processes, engine_process, system_packages
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.progress import Report

SYSTEMD = Path("/run/systemd/system")
CLIENT_PACKAGE = "docker-cli"
SYSTEMD_SECONDS = 120.0


def is_present() -> bool:
    """Whether an engine responds and Docker's client is installed."""
    return shutil.which("docker") is not None and ask().health is Health.READY


def ensure(report: Report) -> str:
    """Make sure that an engine responds; return what was done."""
    answer = ask()
    if answer.health is Health.READY:
        _bring_client(report)
        return "running"
    if answer.health is not Health.ABSENT or not is_local_default():
        raise BootstrapError(unusable(answer))
    if shutil.which(engine_process.DAEMON) is None:
        _install(report)
    _bring_client(report)
    if ask().health is Health.READY:  # installing it may have started it
        return "installed"
    _start(report)
    return "started"


def restart(*, hard: bool) -> str:
    """Restart an engine that the bootstrap started; containers keep running."""
    engine_process.stop(hard=hard)
    engine_process.start()
    return "restarted"


def unusable(answer: Answer) -> str:
    """The message for an engine that cannot be used as it is."""
    doing = f"looking for a Docker engine at {address()}: {answer.detail.rstrip('.')}."
    if answer.health is Health.FORBIDDEN:
        return (
            f"{doing} Add your user to its group with `sudo usermod -aG docker $USER` and log in again, or run as root."
        )
    if not is_local_default():
        return f"{doing} Start that engine, or set DOCKER_HOST or Docker's context to another one."
    if answer.health is Health.SILENT:
        return f"{doing} The engine hangs: restart it, for example with `sudo systemctl restart docker`."
    return f"{doing} Start it, for example with `sudo systemctl start docker`, or set DOCKER_HOST to another engine."


def _install(report: Report) -> None:
    if not system_packages.can_install():
        raise BootstrapError(
            f"looking for a Docker engine at {address()}: Docker is not installed. Install it (on Debian and Ubuntu "
            "as root: apt-get install docker.io iptables), or set DOCKER_HOST to another engine."
        )
    report("installing the packages docker.io and iptables")
    packages = ["docker.io", "iptables", "ca-certificates"]
    system_packages.install(packages, doing="installing the Docker engine")


def _bring_client(report: Report) -> None:
    """Install Docker's client, a separate package in some distributions."""
    if shutil.which("docker"):
        return
    if not system_packages.can_install():
        raise BootstrapError(
            f"using the Docker engine at {address()}: Docker's client, the command 'docker', is not installed. "
            f"Install it, on Debian and Ubuntu with: sudo apt-get install {CLIENT_PACKAGE}"
        )
    report(f"installing the package {CLIENT_PACKAGE}")
    system_packages.install([CLIENT_PACKAGE], doing="installing Docker's client")


def _start(report: Report) -> None:
    if SYSTEMD.is_dir():
        report("starting the service 'docker'")
        child_processes.run(
            ["systemctl", "start", "docker"], doing="starting the Docker engine", timeout=SYSTEMD_SECONDS
        )
        engine_process.wait_until_ready()
        return
    if not engine_process.may_start():
        raise BootstrapError(unusable(ask()))
    if engine_process.is_running():
        # Someone else has just started it, or a run that was killed; a second one would not start.
        report("waiting for dockerd, which is starting")
        engine_process.wait_until_ready()
        return
    report("starting dockerd")
    engine_process.start()
