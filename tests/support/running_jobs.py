"""Jobs of a stack, submitted with the real command; and what they have on the engine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docker.models.containers import Container

from mlw.jobs import runner_lock
from tests.support.engine import ID_LABEL, open_engine
from tests.support.probes import probe_until
from tests.support.processes import Finished, run
from tests.support.stacks import Stack

SECONDS = 300.0
"""No promise: a machine that runs four tests at a time may be slow, e.g. while another one resolves packages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Jobs:
    """Jobs of one stack."""

    stack: Stack
    folder: Path

    def mlw(self, verb: str, *words: str) -> Finished:
        """Run `mlw job VERB STACK ...`."""
        command = ["mlw", "job", verb, self.stack.name, *words]
        environment = self.stack.environment
        return run(command, cwd=environment.project, env=environment.variables, timeout_seconds=SECONDS)

    def submit(self, name: str, command: str, **document: object) -> None:
        """Submit a command job."""
        file = self.folder / f"{name}.yml"
        file.write_text(yaml.safe_dump(document_of(command, **document)), encoding="utf-8")
        self.mlw("create", "-f", str(file), "--name", name).check()

    def show(self, name: str) -> dict[str, Any]:
        """Return a job as `mlw job show` prints it."""
        shown: dict[str, Any] = json.loads(self.mlw("show", name, "-o", "json").check().stdout)
        return shown

    def finish(self, name: str) -> dict[str, Any]:
        """Wait for the end of a job."""
        self.mlw("stream", name)
        return self.show(name)

    def wait_for(self, name: str, *statuses: str) -> dict[str, Any]:
        """Wait until a job has one of some statuses."""

        def probe() -> dict[str, Any]:
            found = self.show(name)
            assert found["status"] in statuses, found["status"]
            return found

        return probe_until(probe, what=f"job '{name}' {statuses}", timeout_seconds=SECONDS)

    def runner(self) -> int:
        """Return the process of the runner."""
        holder = runner_lock.holder(lock_of(self.stack))
        assert holder, "no runner"
        return holder

    def containers(self) -> list[Container]:
        """Return the containers of jobs."""
        with open_engine() as engine:
            return list(engine.containers.list(all=True, filters={"label": ["ml-workspace.job", self._label]}))

    def left(self) -> list[str]:
        """Return names of containers and volumes of jobs."""
        with open_engine() as engine:
            volumes = engine.volumes.list(filters={"label": ["ml-workspace.job", self._label]})
        return [str(one.attrs["Name"]) for one in (*self.containers(), *volumes)]

    @property
    def _label(self) -> str:
        return f"ml-workspace.stack={self.stack.name}"


def lock_of(stack: Stack) -> Path:
    """The lock of the runner of a stack; runners of other stacks of the run hold others in the same folder."""
    with open_engine() as engine:
        (network,) = engine.networks.list(filters={"label": f"ml-workspace.stack={stack.name}"})
    return runner_lock.path_of(stack.environment.home, network.attrs["Labels"][ID_LABEL])


def document_of(command: str, **changed: object) -> dict[str, object]:
    """Return the file of a command job."""
    return {
        "$schema": "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json",
        "command": command,
        "environment": {"image": "python:3.11"},
        "compute": "azureml:cpu-cluster",
        "experiment_name": "jobs",
        **changed,
    }
