"""The commands that people type: `make up`, `make preview`, `make down`, in the checkout itself.

The stack is `ci`, the smallest one that comes with the project; state and claims are the test's own. Nothing of
the stack may be left; the last test of the run finds what else is, no matter how it is labelled.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from tests.support.documents import blocks, comparable, shown_output
from tests.support.engine import assert_nothing_left
from tests.support.environment import PROJECT_ROOT, outer_variables
from tests.support.insights import insights_client
from tests.support.probes import probe_until
from tests.support.processes import Finished, run
from tests.support.vault import assert_unsealed

STACK = "ci"
ENDPOINTS = ("storage", "registry", "registryReadOnly", "keyVault", "otlpGrpc", "otlpHttp", "insights")
MAKE_SECONDS = 300
CONTAINER = "docker:index/container:Container"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A new user's state folder; afterwards nothing of the stack is left, and its file is unchanged."""
    home, stack_file = tmp_path / "home", PROJECT_ROOT / "stacks" / f"Pulumi.{STACK}.yaml"
    written = stack_file.read_bytes()
    yield home
    make("down", home)
    changed = stack_file.read_bytes() != written
    stack_file.write_bytes(written)
    assert not changed, f"the run wrote into {stack_file}"


def make(target: str, home: Path) -> Finished:
    command = ["make", target, f"STACK={STACK}"]
    return run(command, cwd=PROJECT_ROOT, env=outer_variables(home), timeout_seconds=MAKE_SECONDS)


def bare(command: str, home: Path) -> Finished:
    """Run a command as the README says: in a shell, after ``eval "$(make -s env)"``."""
    script = f'exports="$(make -s env)" || exit; eval "$exports"; {command}'
    return run(["bash", "-c", script], cwd=PROJECT_ROOT, env=outer_variables(home), timeout_seconds=MAKE_SECONDS)


def files_of_stack(home: Path) -> list[Path]:
    """Return the stack's remaining files in the backend: state, backups, history, locks."""
    files = (path for path in (home / "state").rglob("*") if path.is_file())
    return [path for path in files if any(part.split(".")[0] == STACK for part in str(path).split("/"))]


def missing_from_readme(command: str, output: str) -> list[str]:
    """Lines that the README shows for a command on stack `dev`, and that it does not print."""
    (session,) = (block for block in blocks(PROJECT_ROOT / "README.md") if "$ make up" in block.text)
    shown = "\n".join(shown_output(session)[command]).replace("'dev'", f"'{STACK}'").replace("-s dev", f"-s {STACK}")
    return [line for line in comparable(shown) if line not in comparable(output)]


def assert_traced(outputs: Mapping[str, Any]) -> None:
    """The run has sent its trace to the workspace's own application insights: one tree, and no secret in it."""
    sql = "SELECT name, id, operation_ParentId, attributes FROM spans WHERE service = 'ml-workspace'"

    def spans() -> list[list[Any]]:
        found = insights_client(outputs).rows(sql)
        assert found, "there is no span of the service 'ml-workspace'"
        return found

    rows = probe_until(spans, what="the trace of `make up`")
    names, ids = {name for name, *_ in rows}, {span for _, span, *_ in rows}
    assert {"up", "pulumi up", "register the resources", "ResourceProvider/Create"} <= names
    assert {f"create {kind}" for kind in ("ml-workspace:storage:StorageAccount", CONTAINER)} <= names
    assert any(name.startswith("GET /") for name in names), "no call to a service"
    assert [row for row in rows if row[2] and row[2] not in ids] == []
    secrets = [value for one in outputs["credentials"].values() for key, value in one.items() if key != "username"]
    assert [secret for secret in secrets if secret in str(rows)] == []


def test_up_and_down_can_be_repeated_and_leave_nothing(home: Path, engine: DockerClient) -> None:
    first = make("up", home).check()
    shown = bare(f"pulumi stack output --stack {STACK} --show-secrets --json", home).check()
    outputs = json.loads(shown.stdout)
    assert [name for name in ENDPOINTS if outputs["endpoints"][name] not in first.stdout] == []
    assert missing_from_readme("make up", first.output) == []
    assert_unsealed(outputs)
    assert_traced(outputs)

    again = make("up", home).check()
    assert "no changes" in again.output.lower()
    assert [name for name in ENDPOINTS if outputs["endpoints"][name] not in again.stdout] == []

    gone = make("down", home).check()
    assert_nothing_left(engine, stack=STACK)
    assert files_of_stack(home) == []
    assert missing_from_readme("make down", gone.output) == []

    nothing_to_do = make("down", home)
    assert nothing_to_do.exit_code == 0, nothing_to_do.output
    assert_nothing_left(engine, stack=STACK)

    make("up", home).check()
    make("down", home).check()
    assert_nothing_left(engine, stack=STACK)


def test_preview_creates_nothing(home: Path, engine: DockerClient) -> None:
    finished = make("preview", home).check()

    assert "create" in finished.output
    assert_nothing_left(engine, stack=STACK)


def test_bare_pulumi_works_after_make_env(home: Path, engine: DockerClient) -> None:
    up = bare(f"pulumi up --stack {STACK} --yes --non-interactive", home)
    unchanged = bare(f"pulumi preview --stack {STACK} --expect-no-changes --non-interactive", home)
    down = bare(f"pulumi destroy --stack {STACK} --yes --non-interactive", home)

    assert up.exit_code == 0, up.output
    assert "warning" not in up.output.lower()
    assert unchanged.exit_code == 0, unchanged.output
    assert down.exit_code == 0, down.output
    assert_nothing_left(engine, stack=STACK)


def test_unknown_stack_is_refused_with_the_ones_that_exist(tmp_path: Path) -> None:
    command = ["make", "up", "STACK=nobody"]

    finished = run(command, cwd=PROJECT_ROOT, env=outer_variables(tmp_path / "home"), timeout_seconds=MAKE_SECONDS)

    assert finished.exit_code != 0
    assert "nobody" in finished.output
    assert STACK in finished.output
    assert "Traceback" not in finished.output
