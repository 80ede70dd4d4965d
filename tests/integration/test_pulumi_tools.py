"""The Pulumi tools that the bootstrap installs: names of the provider, behaviour of the language host.

The provider and the language host may be the project's own builds. What a user of the official ones relies on is
checked here: no property is lost between the Python package and the plugin, a failing program ends as fast as a good
one, and no run prints a warning about where a tool was found.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pulumi_docker
import pytest
from docker import DockerClient
from docker.errors import NotFound
from pulumi import _types

from infra.host import folders
from tests.support.environment import Environment
from tests.support.probes import probe_until
from tests.support.processes import Finished, finish, run, session_members, start
from tests.support.provider_properties import inputs_of
from tools.bootstrap import pulumi_tools, versions

RUN_SECONDS = 300.0
GRACE_OF_THE_ENGINE = 4.0
"""The engine waits five seconds for a language host that does not end."""

ROUNDS = 3
"""What the engine waits is in each of them, the slowness of a busy machine is not."""

PLUGIN = versions.tool("pulumi-resource-docker")
RESOURCES = [
    "BuildxBuilder", "Container", "Network", "Plugin", "RegistryImage", "RemoteImage", "Secret", "Service",
    "ServiceConfig", "Tag", "Volume",
]  # fmt: skip

PROGRAM = """
import os
import time
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Provider(ResourceProvider):
    def create(self, props):
        return CreateResult("made", props)


class Dynamic(Resource):
    def __init__(self, colour):
        super().__init__(Provider(), "dynamic", {"colour": colour})


class Component(pulumi.ComponentResource):
    def __init__(self, colour):
        super().__init__("test:index:Component", "component", {"colour": colour})
        self.register_outputs({})


Component(os.environ["COLOUR"])
if os.environ["COLOUR"] == "waiting":
    time.sleep(3600)
if os.environ["COLOUR"] == "none":
    raise RuntimeError("no colour")
pulumi.export("made", Dynamic(os.environ["COLOUR"]).id)
"""
PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def no_red(args, report):
    if args.props.get("colour") == "red":
        report("red is not allowed")


PolicyPack("pack", policies=[ResourceValidationPolicy(
    name="no-red", description="No red.", validate=no_red, enforcement_level=EnforcementLevel.MANDATORY)])
"""


@pytest.fixture(scope="module")
def plugin_names() -> dict[str, set[str]]:
    """What the plugin understands; only the project's own build reports it."""
    if not pulumi_tools.origin(PLUGIN).startswith("built"):
        pytest.skip("the official plugin is in use, whose names are those of the Python package by definition")
    folder = folders.pulumi_home() / "plugins" / f"resource-docker-v{PLUGIN.version}"
    printed = subprocess.check_output([folder / "pulumi-resource-docker", "-property-names"], text=True)
    return {token.rpartition(":")[2]: set(names) for token, names in json.loads(printed).items()}


@pytest.mark.parametrize("resource", RESOURCES)
def test_plugin_understands_every_property_of_the_python_package(
    plugin_names: Mapping[str, set[str]], resource: str
) -> None:
    known = set(inputs_of(getattr(pulumi_docker, f"{resource}Args")))
    assert known - plugin_names[resource] == set()


@pytest.mark.parametrize("resource", RESOURCES)
def test_plugin_returns_only_names_of_the_python_package(plugin_names: Mapping[str, set[str]], resource: str) -> None:
    known = set(inputs_of(getattr(pulumi_docker, f"{resource}Args")))
    returned = {name for name in plugin_names[resource] - known if "." not in name}
    outputs = set(_types.resource_types(getattr(pulumi_docker, resource)))
    assert returned - outputs - {"id"} == set()


def test_uploads_have_owner_group_and_permissions(plugin_names: Mapping[str, set[str]]) -> None:
    assert {"uploads.owner", "uploads.group", "uploads.permissions"} <= plugin_names["Container"]


VOLUME_PROGRAM = """
import os
import pulumi_docker

labels = [pulumi_docker.VolumeLabelArgs(label="test", value="ours")]
pulumi_docker.Volume("volume", name=os.environ["COLOUR"], labels=labels)
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a component, a dynamic resource and a policy pack."""
    folder = tmp_path_factory.mktemp("program")
    runtime = json.dumps({"name": "python", "options": {"virtualenv": str(folders.venv())}})
    (folder / "Pulumi.yaml").write_text(f"name: trial\nruntime: {runtime}\n")
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "pack").mkdir()
    (folder / "pack" / "PulumiPolicy.yaml").write_text(f"runtime: {runtime}\n")
    (folder / "pack" / "__main__.py").write_text(PACK)
    return folder


class Trial:
    """Runs of the program in its own state backend."""

    def __init__(self, program: Path, environment: Environment, state: Path) -> None:
        self.program = program
        self.variables = {
            **environment.variables,
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_OPTION_POLICY_PACK": str(program / "pack"),
        }
        self.pulumi("stack init trial").check()

    def pulumi(self, arguments: str, colour: str = "") -> Finished:
        variables = {**self.variables, "COLOUR": colour}
        return run(["pulumi", *arguments.split()], cwd=self.program, env=variables, timeout_seconds=RUN_SECONDS)

    def start_up(self, colour: str) -> subprocess.Popen[str]:
        command = ["pulumi", "up", "--stack", "trial", "--yes", "--skip-preview", "--non-interactive"]
        return start(command, cwd=self.program, env={**self.variables, "COLOUR": colour})

    def up(self, colour: str) -> tuple[Finished, float]:
        began = time.monotonic()
        finished = self.pulumi("up --stack trial --yes --skip-preview --non-interactive", colour)
        return finished, time.monotonic() - began

    def ends_at_once(self, colour: str) -> Finished:
        """Run until it takes hardly longer than a successful run."""
        for _ in range(ROUNDS):
            first, good = self.up("blue")
            first.check()
            finished, seconds = self.up(colour)
            if seconds < good + GRACE_OF_THE_ENGINE:
                return finished
        pytest.fail(f"{seconds:.1f} s, and {good:.1f} s for a good run:\n{finished.output}")


@pytest.fixture
def trial(program: Path, environment: Environment, tmp_path: Path) -> Trial:
    return Trial(program, environment, tmp_path)


def test_a_program_with_component_dynamic_resource_and_pack_runs_without_a_warning(trial: Trial) -> None:
    finished, _ = trial.up("blue")
    text = finished.check().output
    assert "+ 3 created" in text
    assert "warning" not in text


def test_a_pack_blocks_and_the_run_ends_immediately(trial: Trial) -> None:
    finished = trial.ends_at_once("red")
    assert finished.exit_code != 0
    assert "red is not allowed" in finished.stdout


def test_a_failing_program_is_quoted_and_ends_immediately(trial: Trial) -> None:
    finished = trial.ends_at_once("none")
    assert finished.exit_code != 0
    assert "RuntimeError: no colour" in finished.stdout


def test_a_run_whose_language_host_is_killed_ends_immediately(trial: Trial) -> None:
    """Before the fix the program kept running, and the engine waited for it forever."""
    running = trial.start_up("waiting")
    probe_until(lambda: program_of(running.pid), what="start of the program", timeout_seconds=RUN_SECONDS)
    (host,) = in_session(running.pid, "pulumi-language-python")
    os.kill(host, signal.SIGKILL)

    finished = finish(running, timeout_seconds=RUN_SECONDS)

    assert finished.exit_code != 0
    probe_until(lambda: assert_ended(running.pid), what="the end of what the run had started")


def assert_ended(session: int) -> None:
    """Fail while a process of the session is running."""
    assert session_members(session) == []


def program_of(session: int) -> None:
    """Fail until the session runs the program."""
    assert in_session(session, "pulumi-language-python-exec")


def in_session(session: int, program: str) -> list[int]:
    """Ids of the session's processes that run a program, directly or as a script."""
    found = []
    for pid in session_members(session):
        with suppress(OSError):  # it has ended since
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if program in {Path(word).name for word in words[:3]}:
                found.append(pid)
    return found


def test_an_option_that_the_language_host_does_not_know_is_refused(trial: Trial) -> None:
    project = trial.program / "Pulumi.yaml"
    before = project.read_text()
    try:
        project.write_text(before.replace('"options": {', '"options": {"typechecker": "mypy", '))
        finished, _ = trial.up("blue")
    finally:
        project.write_text(before)
    assert finished.exit_code != 0
    assert "allowed options: toolchain, virtualenv" in finished.output


@pytest.fixture
def volume_trial(trial: Trial) -> Iterator[Trial]:
    """The trial with a program of one volume, whose name is the colour."""
    main = trial.program / "__main__.py"
    main.write_text(VOLUME_PROGRAM)
    yield trial
    main.write_text(PROGRAM)


@pytest.fixture
def taken(engine: DockerClient, request: pytest.FixtureRequest, marker: str) -> Iterator[str]:
    """The name of an existing volume, with the label that the test requests."""
    volume = engine.volumes.create(marker, labels={"test": request.param})
    yield marker
    with suppress(NotFound):
        volume.remove()


@pytest.mark.parametrize("taken", ["theirs"], indirect=True)
def test_foreign_volume_is_neither_used_nor_removed(volume_trial: Trial, engine: DockerClient, taken: str) -> None:
    """For a taken name, the engine returns the existing volume."""
    finished, _ = volume_trial.up(taken)
    volume_trial.pulumi("destroy --stack trial --yes --skip-preview", taken).check()

    assert finished.exit_code != 0
    assert f"creating volume '{taken}': it exists with other labels" in finished.output
    assert engine.volumes.get(taken).attrs["Labels"] == {"test": "theirs"}


@pytest.mark.parametrize("taken", ["ours"], indirect=True)
def test_own_volume_left_by_a_killed_run_is_reused(volume_trial: Trial, engine: DockerClient, taken: str) -> None:
    volume_trial.up(taken)[0].check()
    volume_trial.pulumi("destroy --stack trial --yes --skip-preview", taken).check()

    with pytest.raises(NotFound):
        engine.volumes.get(taken)
