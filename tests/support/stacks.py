"""Throw-away stacks, driven by the real CLI as a person would drive it.

A stack made here is destroyed and removed at the end of its ``with`` block, also when the test failed; whatever its own
destroy leaves on the engine is then removed by label, and the test fails for it. ``KEEP_STACK=1`` keeps the stack for a
look at it (and so the last test of the run, which expects an untouched engine, says what was kept).
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.engine import container_of, objects_with_label, open_engine, remove_objects
from tests.support.environment import Environment
from tests.support.inventory import Inventory
from tests.support.processes import Finished, finish, run, start
from tests.support.stack_file import unique_workload, valid_settings, write_stack_file
from tests.support.updates import Update, read_update

UP_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """One stack of the test's backend; ``settings`` is what its file holds when nothing is changed."""

    name: str
    workload: str
    environment: Environment
    settings: dict[str, Any] = field(default_factory=dict)

    def configure(self, **changed: object) -> None:
        """Write the stack file: the stack's settings with some keys changed; ``None`` takes a key away."""
        present = {key: value for key, value in {**self.settings, **changed}.items() if value is not None}
        write_stack_file(self.environment.stack_folder, self.name, present)

    def command(self, verb: str, *flags: str) -> list[str]:
        """Return a command line that asks nothing."""
        return ["pulumi", *verb.split(), "--stack", self.name, "--non-interactive", "--color", "never", *flags]

    def pulumi(self, verb: str, *flags: str, **variables: str) -> Finished:
        """Run a Pulumi command on this stack and return what came out, whatever its exit code."""
        env = {**self.environment.variables, **variables}
        return run(self.command(verb, *flags), cwd=self.environment.project, env=env, timeout_seconds=UP_SECONDS)

    def start(self, verb: str, *flags: str) -> subprocess.Popen[str]:
        """Start a Pulumi command in a session of its own, for tests that end it early."""
        return start(self.command(verb, *flags), cwd=self.environment.project, env=self.environment.variables)

    def finish(self, process: subprocess.Popen[str]) -> Finished:
        """Wait for what :meth:`start` returned."""
        return finish(process, timeout_seconds=UP_SECONDS)

    def lifecycle(self, verb: str) -> Finished:
        """Run what ``make up`` and ``make down`` run once the tools are there."""
        return self.finish(self.start_lifecycle(verb))

    def start_lifecycle(self, verb: str) -> subprocess.Popen[str]:
        """Start it in a session of its own, for tests that end it early."""
        command = ["python", "-m", "mlw.lifecycle", verb, "--stack", self.name]
        return start(command, cwd=self.environment.project, env=self.environment.variables)

    def init(self) -> None:
        """Create the empty stack."""
        self.pulumi("stack init", "--no-select").check()

    def preview(self) -> Update:
        """Preview."""
        return read_update(self.pulumi("preview", "--json"))

    def up(self) -> Update:
        """Create or update."""
        return read_update(self.pulumi("up", "--yes", "--skip-preview", "--json"))

    def refresh(self) -> Update:
        """Refresh."""
        return read_update(self.pulumi("refresh", "--yes", "--skip-preview", "--json"))

    def destroy(self) -> Update:
        """Destroy."""
        return read_update(self.pulumi("destroy", "--yes", "--skip-preview", "--json"))

    def outputs(self, *, show_secrets: bool = True) -> dict[str, Any]:
        """Return the outputs: the only thing that an outside client gets."""
        flags = ("--json", "--show-secrets") if show_secrets else ("--json",)
        outputs: dict[str, Any] = json.loads(self.pulumi("stack output", *flags).check().stdout)
        return outputs

    def objects(self) -> Inventory:
        """Return what the engine holds of this stack."""
        with open_engine() as engine:
            return objects_with_label(engine, stack=self.name)

    def names_in_state(self) -> dict[str, frozenset[str]]:
        """Return the names of the Docker objects that the stack's state holds."""
        exported = json.loads(self.pulumi("stack export").check().stdout)
        held = exported["deployment"].get("resources", [])
        return {
            f"{kind.lower()}s": frozenset(
                resource["outputs"]["name"] for resource in held if resource["type"].endswith(f":{kind}")
            )
            for kind in ("Container", "Volume", "Network")
        }

    def urns(self) -> list[str]:
        """Return the URNs of all resources that the stack's state holds."""
        exported = json.loads(self.pulumi("stack export").check().stdout)
        return [resource["urn"] for resource in exported["deployment"].get("resources", [])]

    @property
    def state_file(self) -> Path:
        """Where the backend keeps the stack's state."""
        return self.environment.state_folder / "stacks" / "ml-workspace" / f"{self.name}.json"

    def files_in_backend(self) -> list[Path]:
        """Return every file of the backend that names the stack: state, backups, history, locks."""
        files = (path for path in self.environment.state_folder.rglob("*") if path.is_file())
        return [path for path in files if self.name in str(path.relative_to(self.environment.state_folder))]

    def remove(self) -> None:
        """Destroy and forget the stack; fail when that did not work or left something on the engine."""
        destroyed = ""
        if self.files_in_backend():
            destroyed = self.pulumi("destroy", "--yes", "--skip-preview").output
            self.pulumi("stack rm", "--yes", "--force", "--remove-backups")
        (self.environment.stack_folder / f"Pulumi.{self.name}.yaml").unlink(missing_ok=True)
        with open_engine() as engine:
            left = objects_with_label(engine, stack=self.name)
            remove_objects(engine, left)
        assert not left, f"stack '{self.name}' left {left}\n{destroyed}"


@contextmanager
def ephemeral_stack(environment: Environment, **changed: object) -> Iterator[Stack]:
    """Make an empty stack with a compliant stack file, some keys changed; remove it at the end."""
    workload = unique_workload()
    settings = valid_settings(workload, **changed)
    stack = Stack(name=f"stack-{workload}", workload=workload, environment=environment, settings=settings)
    stack.configure()
    stack.init()
    try:
        yield stack
    finally:
        if os.environ.get("KEEP_STACK") != "1":
            stack.remove()


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveStack:
    """A stack that is up, and its outputs."""

    stack: Stack
    outputs: dict[str, Any]

    @property
    def secrets(self) -> list[str]:
        """Return the generated secrets; access key and user name may be seen."""
        credentials = self.outputs["credentials"]
        return [
            credentials["storage"]["secretKey"],
            credentials["registry"]["password"],
            credentials["keyVault"]["token"],
            credentials["telemetry"]["token"],
        ]

    def name_of(self, resource: str) -> str:
        """Return the name of ``storageAccount``, ``keyVault``, ...: the last part of its id."""
        return str(self.outputs["workspace"][resource]).rpartition("/")[2]

    def container_of(self, resource: str) -> str:
        """Return the name of the container that serves ``storageAccount``, ``keyVault``, ..."""
        with open_engine() as engine:
            return container_of(engine, self.outputs["workspace"][resource], stack=self.stack.name)


@contextmanager
def live_stack(environment: Environment, **changed: object) -> Iterator[LiveStack]:
    """Bring a compliant stack up; remove it at the end."""
    with ephemeral_stack(environment, **changed) as stack:
        stack.up().check()
        yield LiveStack(stack=stack, outputs=stack.outputs())
