"""The guard in front of a plain `pulumi`: asks for recovery when a crash has left traces, and else only hands over."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from infra.host import proxies, state_backend
from tests.unit.states import a_resource, a_state, write

GUARD = Path(__file__).resolve().parents[4] / "mlw" / "lifecycle" / "pulumi_guard.sh"


class Sandbox:
    """A checkout, a state folder, and a `pulumi-cli` and a `python` that only say how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.checkout, self.bin = folder, folder / "checkout", folder / "bin"
        write(self.checkout / "Pulumi.yaml", b"name: ml-workspace\n")
        write(self.checkout / "mlw" / "lifecycle" / "recovery.py", b"")
        write(self.checkout / "stacks" / "Pulumi.dev.yaml", b"config: {}\n")
        self.backend = f"file://{folder}/state"
        self.backend_folder = folder / "state" / ".pulumi"
        self.program("pulumi-cli", '[ "$2" = --show-name ] && { echo dev; exit; }; echo "cli $* run=$MLW_RUN"')
        self.program("python", 'echo "python $*" >&2')
        shutil.copy(GUARD, self.bin / "pulumi")

    def program(self, name: str, body: str) -> None:
        path = write(self.bin / name, f"#!/bin/sh\n{body}\n".encode())
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def state(self, content: bytes, stack: str = "dev") -> None:
        write(self.backend_folder / "stacks" / "ml-workspace" / f"{stack}.json", content)

    def run(self, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / "pulumi", *arguments],
            cwd=cwd or self.checkout,
            env={"PATH": f"{self.bin}:{os.defpath}", "PULUMI_BACKEND_URL": self.backend, **variables},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


RECOVERY = "python -m mlw.lifecycle recover --stack dev\n"


def test_a_stack_without_traces_is_handed_over_at_once(sandbox: Sandbox) -> None:
    sandbox.state(a_state(a_resource("v")))
    done = sandbox.run("up", "-s", "dev", "--yes")
    assert done.stdout.startswith("cli up -s dev --yes ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("held", "is_earlier"),
    [
        pytest.param('"type":"pulumi-python:dynamic/ml-workspace:UsageGuard"', True, id="before the plugin"),
        pytest.param('"label":"ml-workspace.backend"', True, id="before identities"),
        pytest.param('"label":"ml-workspace.backend","type":"guards:StackIdentity"', False, id="upgraded"),
    ],
)
def test_a_state_of_an_earlier_version_is_a_trace(sandbox: Sandbox, held: str, *, is_earlier: bool) -> None:
    sandbox.state(b"{" + held.encode() + b"}")
    assert (sandbox.run("up", "-s", "dev").stderr == RECOVERY) is is_earlier


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["up", "-s", "dev"], id="short"),
        pytest.param(["up", "-sdev"], id="joined"),
        pytest.param(["destroy", "--stack", "organization/ml-workspace/dev"], id="full name"),
        pytest.param(["--non-interactive", "refresh", "--stack=dev"], id="option first"),
        pytest.param(["up"], id="selected stack"),
        pytest.param(["up", "-s", "other", "--stack=dev"], id="last one"),
        pytest.param(["up", "-yfs", "dev"], id="behind switches"),
    ],
)
def test_a_lock_is_a_trace_however_the_stack_is_named(sandbox: Sandbox, arguments: list[str]) -> None:
    sandbox.state(a_state())
    write(sandbox.backend_folder / "locks" / "organization" / "ml-workspace" / "dev" / "1.json", b"{}")
    done = sandbox.run(*arguments)
    assert done.stderr == RECOVERY
    assert done.stdout.startswith(f"cli {' '.join(arguments)}")


@pytest.mark.parametrize("variable", ["PULUMI_STACK", "PULUMI_OPTION_STACK"])
def test_the_stack_may_be_named_by_a_variable(sandbox: Sandbox, variable: str) -> None:
    sandbox.program("pulumi-cli", "true")
    sandbox.state(b"", "test")
    named = {variable: "organization/ml-workspace/test"}
    done = sandbox.run("up", cwd=None, **named)
    assert done.stderr == RECOVERY.replace("dev", "test")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-C", "{folder}", "up"], id="before"),
        pytest.param(["up", "-C{folder}"], id="joined"),
        pytest.param(["up", "-C={folder}"], id="joined by a sign"),
        pytest.param(["up", "-yC", "{folder}"], id="behind a switch"),
        pytest.param(["up", "--cwd", "{folder}"], id="long"),
        pytest.param(["up", "--cwd={folder}"], id="long, joined"),
        pytest.param(["-C", "/nowhere", "up", "--cwd={folder}"], id="last one"),
    ],
)
@pytest.mark.parametrize("below", ["", "/stacks", "/mlw/lifecycle"])
@pytest.mark.parametrize("is_relative", [False, True], ids=["absolute", "relative"])
def test_the_project_is_found_from_another_folder(
    sandbox: Sandbox,
    arguments: list[str],
    below: str,
    is_relative: bool,  # noqa: FBT001 - a table
) -> None:
    sandbox.program("python", 'echo "python $* in $PWD" >&2')
    sandbox.state(b"")
    folder = f"{'checkout' if is_relative else sandbox.checkout}{below}"
    named = [argument.format(folder=folder) for argument in arguments]

    done = sandbox.run(*named, "-s", "dev", cwd=sandbox.folder)

    assert done.stderr == f"{RECOVERY.strip()} in {sandbox.checkout}{below}\n"
    assert done.stdout.startswith(f"cli {' '.join(named)} -s dev ")


def test_the_project_is_found_from_a_subfolder_and_by_a_variable(sandbox: Sandbox) -> None:
    sandbox.state(b"")
    assert sandbox.run("up", "-s", "dev", cwd=sandbox.checkout / "stacks").stderr == RECOVERY
    folder = {"PULUMI_OPTION_CWD": str(sandbox.checkout)}
    assert sandbox.run("up", "-s", "dev", cwd=sandbox.folder, **folder).stderr == RECOVERY
    assert sandbox.run("up", "-s", "dev", "-C", "/", cwd=sandbox.folder, **folder).stderr == ""


@pytest.mark.parametrize("file", ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"])
def test_a_project_inside_of_the_checkout_is_another_one(sandbox: Sandbox, file: str) -> None:
    write(sandbox.checkout / "examples" / file, b"name: theirs\n")
    sandbox.state(b"")
    assert sandbox.run("up", "-s", "dev", "-C", "examples").stderr == ""


def test_a_relative_backend_is_relative_to_the_folder_of_the_command(sandbox: Sandbox) -> None:
    write(sandbox.checkout / "state" / ".pulumi" / "stacks" / "ml-workspace" / "dev.json", b"")
    sandbox.backend = "file://./state"
    assert sandbox.run("up", "-s", "dev", "-C", "checkout", cwd=sandbox.folder).stderr == RECOVERY


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(a_state()[:-5], id="torn"),
        pytest.param(a_state(pending=[("creating", a_resource("v"))]), id="pending operations"),
    ],
)
def test_a_state_of_a_crash_is_a_trace(sandbox: Sandbox, content: bytes) -> None:
    sandbox.state(content)
    assert sandbox.run("up", "-s", "dev").stderr == RECOVERY


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("file://{folder}/a%20state", id="quoted"),
        pytest.param("file://{folder}/a state?metadata=skip", id="with settings"),
        pytest.param("file://~/a%20state", id="below the user's home"),
    ],
)
def test_the_backends_folder_is_found_as_everywhere_else(sandbox: Sandbox, url: str) -> None:
    sandbox.program("python", f'case "$1" in -c) exec {sys.executable} "$@" ;; esac; echo "python $*" >&2')
    write(sandbox.folder / "a state" / ".pulumi" / "stacks" / "ml-workspace" / "dev.json", a_state())
    sandbox.backend = url.format(folder=sandbox.folder)
    assert sandbox.run("up", "-s", "dev", HOME=str(sandbox.folder)).stderr == ""
    write(sandbox.folder / "a state" / ".pulumi" / "stacks" / "ml-workspace" / "dev.json", b"")
    assert sandbox.run("up", "-s", "dev", HOME=str(sandbox.folder)).stderr == RECOVERY


@pytest.mark.parametrize("name", ["stacks/ml-workspace/dev.json.attrs", "meta.yaml", "meta.yaml.attrs"])
def test_an_empty_file_beside_the_state_is_a_trace(sandbox: Sandbox, name: str) -> None:
    sandbox.state(a_state())
    write(sandbox.backend_folder / name, b"")
    assert sandbox.run("preview", "-s", "dev").stderr == RECOVERY


def test_the_first_update_of_a_stack_file_makes_the_stack(sandbox: Sandbox) -> None:
    assert sandbox.run("preview", "-s", "dev").stderr == RECOVERY


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["up", "-s", "nobody"], id="no stack file"),
        pytest.param(["destroy", "-s", "dev"], id="nothing to destroy"),
        pytest.param(["stack", "ls"], id="no operation"),
        pytest.param(["config", "set", "up", "x"], id="a word that only looks like one"),
    ],
)
def test_without_a_state_nothing_else_is_touched(sandbox: Sandbox, arguments: list[str]) -> None:
    done = sandbox.run(*arguments)
    assert done.stderr == ""
    assert done.stdout.startswith(f"cli {' '.join(arguments)}")


def test_a_preview_beside_a_running_update_is_handed_over(sandbox: Sandbox) -> None:
    sandbox.state(a_state(pending=[("creating", a_resource("v"))]))
    write(sandbox.backend_folder / "locks" / "organization" / "ml-workspace" / "dev" / "1.json", b"{}")
    assert sandbox.run("preview", "-s", "dev").stderr == ""


@pytest.mark.parametrize(
    ("elsewhere", "variables"),
    [
        pytest.param(True, {}, id="another folder"),
        pytest.param(False, {"MLW_GUARD": "off"}, id="switched off"),
        pytest.param(False, {"PULUMI_BACKEND_URL": "s3://bucket"}, id="another kind of backend"),
    ],
)
def test_what_is_not_the_projects_is_handed_over(
    sandbox: Sandbox,
    elsewhere: bool,  # noqa: FBT001 - a table
    variables: dict[str, str],
) -> None:
    sandbox.state(b"")
    assert sandbox.run("up", "-s", "dev", cwd=sandbox.folder if elsewhere else None, **variables).stderr == ""


def test_a_recovery_that_fails_stops_the_command(sandbox: Sandbox) -> None:
    sandbox.program("python", "exit 1")
    sandbox.state(b"")
    done = sandbox.run("up", "-s", "dev")
    assert (done.returncode, done.stdout) == (1, "")


def test_the_run_is_marked_for_its_plugins_to_be_found(sandbox: Sandbox) -> None:
    sandbox.state(a_state())
    backend = state_backend.backend_id(sandbox.backend)
    assert sandbox.run("up", "-s", "dev").stdout.endswith(f"run={backend}/dev\n")
    slashed = sandbox.run("up", "-s", "dev", PULUMI_BACKEND_URL=f"{sandbox.backend}/")
    assert slashed.stdout.endswith(f"run={backend}/dev\n")
    assert sandbox.run("preview", "-s", "dev").stdout.endswith("run=\n")


def test_the_exit_code_is_the_commands_own(sandbox: Sandbox) -> None:
    sandbox.program("pulumi-cli", "exit 42")
    sandbox.state(a_state())
    assert sandbox.run("up", "-s", "dev").returncode == 42


def test_heaps_may_grow_unless_the_user_says_otherwise(sandbox: Sandbox) -> None:
    sandbox.program("pulumi-cli", 'echo "$GOGC"')
    assert sandbox.run("version").stdout == "400\n"
    assert sandbox.run("version", GOGC="50").stdout == "50\n"


@pytest.mark.parametrize(
    ("results", "stderr"),
    [(["failed", "succeeded"], ""), (["succeeded", "failed"], RECOVERY), ([], "")],
    ids=["failed long ago", "failed", "no history"],
)
def test_a_last_run_that_failed_is_a_trace(sandbox: Sandbox, results: list[str], stderr: str) -> None:
    """A plugin that is killed takes the knowledge of what it was making along; the CLI lives on and clears its lock."""
    sandbox.state(a_state())
    for number, result in enumerate(results):
        entry = f'{{"kind": "update", "result": "{result}"}}'
        write(
            sandbox.backend_folder / "history" / "ml-workspace" / "dev" / f"dev-{number}.history.json", entry.encode()
        )
    assert sandbox.run("up", "-s", "dev").stderr == stderr


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"no_proxy": "a.org"},
        {"NO_PROXY": "a.org, b.org", "no_proxy": "b.org"},
        {"no_proxy": "*"},
        {"no_proxy": "a.org", "no_grpc_proxy": "b.org"},
        {"DOCKER_HOST": "tcp://lab:2375"},
        {"DOCKER_HOST": "unix:///run/docker.sock"},
    ],
    ids=str,
)
@pytest.mark.parametrize("proxy", ["http_proxy", "HTTPS_PROXY", "all_proxy", "grpc_proxy"])
def test_loopback_and_the_engine_go_through_no_proxy(sandbox: Sandbox, variables: dict[str, str], proxy: str) -> None:
    """One that was set after `make env`; the guard and `make env` agree on the exceptions."""
    sandbox.program("pulumi-cli", 'echo "$no_proxy/$NO_PROXY/$no_grpc_proxy"')
    wanted = proxies.exceptions(variables, engine=variables.get("DOCKER_HOST", ""))

    told = sandbox.run("up", cwd=sandbox.folder, **variables, **{proxy: "http://127.0.0.1:9"}).stdout.strip().split("/")

    named = [set(text.replace(" ", "").split(",")) for text in told]
    assert named == [set(wanted.get(name, "").split(",")) for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy")]


def test_without_a_proxy_nothing_is_set(sandbox: Sandbox) -> None:
    sandbox.program("pulumi-cli", 'echo "$no_proxy/$NO_PROXY/$no_grpc_proxy"')
    assert sandbox.run("version").stdout == "//\n"


SIZE = "python -m mlw.lifecycle check-size --stack dev\n"


@pytest.mark.parametrize(
    ("verb", "content", "said"),
    [
        ("up", b"config: {}\n", ""),
        ("up", b"config: {a: " + b"x" * 18000 + b"}\n", SIZE),
        ("preview", b"x: &a [1]\n", SIZE),
        ("destroy", b"config: {a: " + b"x" * 18000 + b"}\n", SIZE),
    ],
    ids=["small", "long", "anchors", "destroy"],
)
def test_only_a_stack_file_that_may_be_too_large_is_measured(
    sandbox: Sandbox, verb: str, content: bytes, said: str
) -> None:
    sandbox.state(a_state(a_resource("v")))
    write(sandbox.checkout / "stacks" / "Pulumi.dev.yaml", content)

    assert sandbox.run(verb, "-s", "dev").stderr == said


def test_a_stack_file_that_is_too_large_stops_the_command(sandbox: Sandbox) -> None:
    write(sandbox.checkout / "stacks" / "Pulumi.dev.yaml", b"&a " + b"x" * 18000)
    sandbox.program("python", "exit 1")

    done = sandbox.run("up", "-s", "dev")

    assert done.returncode == 1
    assert "cli up" not in done.stdout


@pytest.mark.parametrize(
    "url",
    ["s3://b?endpoint=http://127.0.0.1:9000", "s3://b?region=x", "s3://b?endpoint=x&request_checksum_calculation=y"],
)
def test_an_address_that_was_set_later_is_completed_as_everywhere_else(sandbox: Sandbox, url: str) -> None:
    sandbox.program("pulumi-cli", 'echo "$PULUMI_BACKEND_URL"')

    done = sandbox.run("stack", "ls", PULUMI_BACKEND_URL=url)

    assert done.stdout.strip() == state_backend.completed(url)


def test_an_unfinished_move_is_a_trace(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.state(a_state(a_resource("v")))
    write(tmp_path / "home" / "moves" / "x.json", b"{}")

    assert sandbox.run("destroy", "-s", "dev", MLW_HOME=str(tmp_path / "home")).stderr == RECOVERY


def _notes(home: Path) -> list[Path]:
    return sorted((home / "activity" / "runs").glob("*"))


@pytest.mark.parametrize("verb", ["up", "destroy", "refresh", "import"])
def test_a_run_is_noted_for_the_activity_log(sandbox: Sandbox, tmp_path: Path, verb: str) -> None:
    sandbox.state(a_state(a_resource("v")))
    sandbox.program("pulumi-cli", 'echo "$$ $PULUMI_OPTION_EXEC_AGENT"')
    home = tmp_path / "home"

    done = sandbox.run(verb, "-s", "dev", MLW_HOME=str(home), MLW_CORRELATION_ID="build-7", USER="ada")

    [path] = _notes(home)
    pid, agent = done.stdout.split()
    assert json.loads(path.read_text()) == {
        "stack": "dev",
        "verb": verb,
        "backend": state_backend.backend_id(sandbox.backend),
        "pid": int(pid),
        "correlationId": "build-7",
    }
    assert agent == f"mlw/{path.stem}/ada@{os.uname().nodename}"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_run_in_another_backend_than_files_is_noted(sandbox: Sandbox, tmp_path: Path) -> None:
    url = "s3://states/?endpoint=http://127.0.0.1:9000"
    sandbox.run("up", "-s", "dev", MLW_HOME=str(tmp_path), PULUMI_BACKEND_URL=url)

    [path] = _notes(tmp_path)
    assert json.loads(path.read_text())["backend"] == state_backend.backend_id(url)


@pytest.mark.parametrize(
    "arguments",
    [
        ["preview", "-s", "dev"],
        ["up", "-s", "dev", "--preview-only"],
        ["up", "-s", "dev", "-h"],
        ["stack", "ls"],
        ["config", "-s", "dev"],
    ],
    ids=" ".join,
)
def test_what_changes_no_stack_is_not_noted(sandbox: Sandbox, tmp_path: Path, arguments: list[str]) -> None:
    sandbox.state(a_state(a_resource("v")))
    assert sandbox.run(*arguments, MLW_HOME=str(tmp_path)).returncode == 0
    assert _notes(tmp_path) == []


def test_without_a_home_or_with_an_odd_correlation_id_the_run_goes_ahead(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.state(a_state(a_resource("v")))
    assert sandbox.run("up", "-s", "dev").stdout.startswith("cli up")
    assert sandbox.run("up", "-s", "dev", MLW_HOME="/dev/null/home").stdout.startswith("cli up")
    sandbox.run("up", "-s", "dev", MLW_HOME=str(tmp_path), MLW_CORRELATION_ID='a", "pid": 1')
    assert json.loads(_notes(tmp_path)[0].read_text())["correlationId"] == ""


@pytest.mark.parametrize(
    "arguments", [["stack", "rm", "dev", "--yes"], ["-s", "dev", "stack", "remove"]], ids=["rm", "remove"]
)
def test_history_is_collected_before_a_stack_is_removed(sandbox: Sandbox, arguments: list[str]) -> None:
    sandbox.state(a_state(a_resource("v")))
    done = sandbox.run(*arguments)
    assert (done.stderr, done.stdout.startswith("cli")) == ("python -m mlw.lifecycle record\n", True)


def test_removing_something_else_collects_nothing(sandbox: Sandbox) -> None:
    assert sandbox.run("config", "rm", "key", "-s", "dev").stderr == ""


BOTH = ("--continue-on-error", "--run-program")


@pytest.mark.parametrize(
    ("arguments", "variables", "is_refused"),
    [
        pytest.param(["destroy", *BOTH], {}, True, id="both"),
        pytest.param([*BOTH, "down"], {}, True, id="in front"),
        pytest.param(["dn", "--continue-on-error=1", "--run-program=True"], {}, True, id="with values"),
        pytest.param(["destroy", "--run-program"], {"PULUMI_CONTINUE_ON_ERROR": "true"}, True, id="a variable"),
        pytest.param(
            ["destroy"], {f"PULUMI_OPTION_{name}": "1" for name in ("CONTINUE_ON_ERROR", "RUN_PROGRAM")}, True
        ),
        pytest.param(
            ["destroy", "--run-program=false"], {"PULUMI_CONTINUE_ON_ERROR": "true"}, False, id="switched off"
        ),
        pytest.param(["destroy", *BOTH, "--run-program=f"], {}, False, id="the last one counts"),
        pytest.param(["destroy", "--continue-on-error"], {}, False, id="one"),
        pytest.param(["destroy", "--run-program"], {}, False, id="the other"),
        pytest.param(["destroy", *BOTH, "--preview-only"], {}, False, id="a preview"),
        pytest.param(["up", *BOTH], {}, False, id="an update"),
    ],
)
def test_no_destroy_runs_the_program_and_goes_past_failures(
    sandbox: Sandbox, arguments: list[str], variables: dict[str, str], *, is_refused: bool
) -> None:
    sandbox.state(a_state(a_resource("v")))

    done = sandbox.run(*arguments, "-s", "dev", cwd=None, **variables)

    assert ("management lock" in done.stderr, done.returncode, done.stdout == "") == (
        is_refused,
        is_refused,
        is_refused,
    )
