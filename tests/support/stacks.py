"""Temporary stacks, run with the real CLI as a user would run it.

A stack created here is destroyed and removed at the end of its ``with`` block, even if the test failed; what its
destroy leaves on the engine is then removed by label, and the test fails. ``KEEP_STACK=1`` keeps the stack for
inspection (the last test of the run, which expects an untouched engine, then reports what was kept).
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.services import SERVICES, services_at
from tests.support.engine import STACK_LABEL, container_of, objects_with_label, open_engine, remove_objects
from tests.support.environment import Environment
from tests.support.inventory import Inventory, take_inventory
from tests.support.processes import Finished, finish, run, start
from tests.support.stack_file import unique_workload, valid_settings, write_stack_file
from tests.support.state_outputs import outputs_of
from tests.support.updates import Update, read_update

UP_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """One stack of the test's backend; ``settings`` is the unchanged content of its file."""

    name: str
    workload: str
    environment: Environment
    settings: dict[str, Any] = field(default_factory=dict)

    def configure(self, **changed: object) -> None:
        """Write the stack file: the stack's settings with some keys changed; ``None`` removes a key."""
        present = {key: value for key, value in {**self.settings, **changed}.items() if value is not None}
        write_stack_file(self.environment.stack_folder, self.name, present)

    def command(self, verb: str, *flags: str) -> list[str]:
        """Return a command line that does not prompt."""
        return ["pulumi", *verb.split(), "--stack", self.name, "--non-interactive", "--color", "never", *flags]

    def pulumi(self, verb: str, *flags: str, **variables: str) -> Finished:
        """Run a Pulumi command on this stack and return its result, with any exit code."""
        env = {**self.environment.variables, **variables}
        return run(self.command(verb, *flags), cwd=self.environment.project, env=env, timeout_seconds=UP_SECONDS)

    def start(self, verb: str, *flags: str) -> subprocess.Popen[str]:
        """Start a Pulumi command in its own session, for tests that end it early."""
        return start(self.command(verb, *flags), cwd=self.environment.project, env=self.environment.variables)

    def finish(self, process: subprocess.Popen[str]) -> Finished:
        """Wait for the command that :meth:`start` returned."""
        return finish(process, timeout_seconds=UP_SECONDS)

    def lifecycle(self, verb: str) -> Finished:
        """Run what ``make up`` and ``make down`` run once the tools are installed."""
        return self.finish(self.start_lifecycle(verb))

    def start_lifecycle(self, verb: str) -> subprocess.Popen[str]:
        """Start it in its own session, for tests that end it early."""
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
        """Return the outputs, the only thing that an outside client gets; by the CLI if the state is not in a file."""
        if show_secrets and self.state_file.is_file():
            passphrase = Path(self.environment.variables["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text().strip()
            return outputs_of(self.state(), passphrase)
        flags = ("--json", "--show-secrets") if show_secrets else ("--json",)
        outputs: dict[str, Any] = json.loads(self.pulumi("stack output", *flags).check().stdout)
        return outputs

    def objects(self) -> Inventory:
        """Return the engine's objects of this stack."""
        with open_engine() as engine:
            return objects_with_label(engine, stack=self.name)

    def names_in_state(self) -> dict[str, frozenset[str]]:
        """Return the names of the Docker objects in the stack's state."""
        held = self.state().get("resources") or []
        return {
            f"{kind.lower()}s": frozenset(
                resource["outputs"]["name"] for resource in held if resource["type"].endswith(f":{kind}")
            )
            for kind in ("Container", "Volume", "Network")
        }

    def urns(self) -> list[str]:
        """Return the URNs of all resources in the stack's state."""
        return [resource["urn"] for resource in self.state().get("resources") or []]

    def state(self) -> dict[str, Any]:
        """Return what the backend's file holds; the CLI would derive a key first, for secrets that are not read."""
        held: dict[str, Any] = json.loads(self.state_file.read_text())["checkpoint"]["latest"] or {}
        return held

    def has_something_to_destroy(self) -> bool:
        """Whether the state has resources, or operations that never ended, or cannot be read."""
        try:
            held = self.state()
        except (OSError, ValueError, KeyError, TypeError):
            return True
        return bool(held.get("resources") or held.get("pending_operations"))

    @property
    def state_file(self) -> Path:
        """The backend's file of the stack's state."""
        return self.environment.state_folder / "stacks" / "ml-workspace" / f"{self.name}.json"

    def files_in_backend(self) -> list[Path]:
        """Return every file of the backend that names the stack: state, backups, history, locks."""
        files = (path for path in self.environment.state_folder.rglob("*") if path.is_file())
        return [path for path in files if self.name in str(path.relative_to(self.environment.state_folder))]

    def remove(self) -> None:
        """Destroy and remove the stack; fail if that failed or left something on the engine."""
        destroyed, files = "", self.files_in_backend()
        if files and self.has_something_to_destroy():
            destroyed = self.pulumi("destroy", "--yes", "--skip-preview").output
        for path in self.files_in_backend():  # as `pulumi stack rm` does, without deriving the key of its secrets
            path.unlink(missing_ok=True)
        (self.environment.stack_folder / f"Pulumi.{self.name}.yaml").unlink(missing_ok=True)
        with open_engine() as engine:
            left = take_inventory(engine, labels={STACK_LABEL: self.name})
            remove_objects(engine, left)
        assert not left, f"stack '{self.name}' left {left}\n{destroyed}"


@contextmanager
def ephemeral_stack(environment: Environment, **changed: object) -> Iterator[Stack]:
    """Create an empty stack with a compliant stack file and some keys changed; remove it at the end."""
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
    """A running stack and its outputs."""

    stack: Stack
    outputs: dict[str, Any]

    @property
    def secrets(self) -> list[str]:
        """Return the generated secrets, without access key and user name, which are public."""
        credentials = self.outputs["credentials"]
        return [
            credentials["storage"]["secretKey"],
            credentials["registry"]["password"],
            credentials["keyVault"]["token"],
            credentials["telemetry"]["token"],
            credentials["insights"]["token"],
        ]

    @property
    def services(self) -> list[str]:
        """Return the names of its services."""
        return [service.name for service in services_at(self.outputs["endpoints"])]

    def name_of(self, resource: str) -> str:
        """Return the name of ``storageAccount``, ``keyVault``, ...: the last part of its id."""
        return str(self.outputs["workspace"][resource]).rpartition("/")[2]

    def container_of(self, name: str) -> str:
        """Return the name of the container of ``storageAccount``, ``keyVault``, ``insightsStore``, ..."""
        service = SERVICES[name]
        with open_engine() as engine:
            resource_id = service.resource_id(self.outputs["workspace"])
            return container_of(engine, resource_id, stack=self.stack.name, role=service.engine_role)


@contextmanager
def live_stack(environment: Environment, **changed: object) -> Iterator[LiveStack]:
    """Bring a compliant stack up; remove it at the end."""
    with ephemeral_stack(environment, **changed) as stack:
        stack.up().check()
        yield LiveStack(stack=stack, outputs=stack.outputs())
