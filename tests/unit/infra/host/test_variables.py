"""The table of environment variables is complete: compared with what the code uses."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.host.variables import VARIABLES, Group

ROOT = Path(__file__).parents[4]
CODE = [path for folder in ("infra", "mlw", "policies", "tools") for path in sorted((ROOT / folder).rglob("*.py"))]
GUARD = ROOT / "mlw" / "lifecycle" / "pulumi_guard.sh"
TABLE = ROOT / "infra" / "host" / "variables.py"
DECLARED = {variable.name for variable in VARIABLES}
OURS = re.compile(r"(MLW|PULUMI|DOCKER|XDG)_[A-Z_]*[A-Z]")
PROXIES = {"https_proxy", "all_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
"""Named in the text of `http_proxy` and `no_proxy`."""
NOT_FOR_USERS = {
    "PULUMI_CONFIG",  # the engine's own, to the program
    "PULUMI_CONFIG_SECRET_KEYS",
    "PULUMI_RUNTIME_VIRTUALENV",
    "PULUMI_DIY_BACKEND_GZIP",  # switches of the CLI that change what a state looks like: read to warn of them
    "PULUMI_DIY_BACKEND_ZSTD",
    "PULUMI_SKIP_CHECKPOINTS",
    "DOCKER_RAMDISK",  # passed on to an engine that the bootstrap starts
}


def used_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"os.environ.get", "os.getenv", "os.environ.pop"}:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)


def test_every_variable_that_the_code_uses_is_declared() -> None:
    # Programs in containers of jobs have the variables of docs/jobs.md.
    code = [path for path in CODE if path != TABLE and "job_programs" not in path.parts]
    used = {name: path for path in code for name in used_in(path)}

    assert {name: str(path) for name, path in used.items() if name not in DECLARED | NOT_FOR_USERS} == {}


def test_every_variable_that_the_guard_of_pulumi_uses_is_declared() -> None:
    used = set(re.findall(r"\$\{([A-Za-z_]+):-", GUARD.read_text(encoding="utf-8")))
    of_the_script = {"verb", "stack", "start", "direct", "given"}

    assert used - DECLARED - PROXIES - of_the_script == set()


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_declared_variable_is_used(variable: object) -> None:
    name = getattr(variable, "name", "")
    group = getattr(variable, "group", None)
    places = [*CODE, GUARD, ROOT / "Makefile"] if group is not Group.TESTS else list((ROOT / "tests").rglob("*.py"))

    word = re.compile(rf"\b{name}\b")
    assert any(word.search(path.read_text(encoding="utf-8")) for path in places if path not in {TABLE, Path(__file__)})


def test_names_are_unique() -> None:
    assert len(DECLARED) == len(VARIABLES)
