"""Allowed imports: the actual imports, compared with the table of docs/architecture.md."""

import ast
import functools
import re
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("infra", "mlw", "policies", "tools")

CONFINED = {
    "pulumi": {
        "infra.entry_point",
        "infra.program",
        "infra.provider_start",
        "infra.preconditions",
        "infra.deletion_guards",
        "infra.components",
        "infra.resources",
        "infra.provider",
        "policies.pack",
    },
    # Importing it takes a tenth of a second; see infra.components.docker_objects.
    "pulumi_docker": set(),
    "pulumi_policy": {"policies.pack"},
    "minio": {"infra.clients.storage", "tools.python.instance", "tools.python.tracking"},
    "hvac": {"infra.clients.key_vault", "infra.clients.datastores"},
    "cryptography": {"infra.clients.tls", "infra.clients.archives", "infra.clients.state"},
}
"""Library to the only packages that may know it."""

BASE_OF_COMPONENTS = frozenset(
    f"infra.components.{name}"
    for name in (
        "assets",
        "component",
        "docker_objects",
        "principal",
        "provisioning_context",
        "service_container",
        "workspace_server",
    )
)
"""All that one component may know of the others' folder."""

HELPERS = {
    "infra.components.application_insights": {"infra.components.insights_store"},
    "infra.components.tracking": {"infra.components.tracking_users"},
}
"""Modules that one component is divided into."""

ROOMS = frozenset(
    {
        "application_insights", "container_registry", "datastores", "inference", "key_vault", "stacks",
        "storage_account", "tls_certificates", "tracking", "workspace",
    }
)  # fmt: skip
"""Words that are modules on several storeys, and mean the same thing on each."""

STANDARD_LIBRARY_ONLY = ("infra.errors", "infra.host", "infra.image_layers", "tools.bootstrap")


def _read_table() -> dict[str, set[str]]:
    """Each package and the packages of the project that it may import, from the highest to the lowest."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `((?:infra|mlw|policies|tools)[\w.]*)` \|.*\|(.*)\|$", text, re.MULTILINE)
    return {package: set(re.findall(r"`([\w.]+)`", allowed)) for package, allowed in rows}


def _find_modules() -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").as_posix().split("/"))
            yield name.removesuffix(".__init__"), path


@functools.cache
def _imports(path: Path) -> frozenset[str]:
    return frozenset(_find_imports(path))


def _find_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def _package_of(module: str) -> str:
    """The row of the table that a module belongs to: the longest match; empty if there is none."""
    return max((package for package in ALLOWED if _within(module, package)), key=len, default="")


MODULES = dict(_find_modules())
ALLOWED = _read_table()


def _module_of(name: str) -> str:
    """The module that an imported name is, or is defined in."""
    return name if name in MODULES else name.rpartition(".")[0]


def test_a_module_imports_only_what_its_package_may() -> None:
    wrong = [
        f"{module} may import {sorted({package, *ALLOWED[package]})} of the project, not {name}"
        for module in MODULES
        if (package := _package_of(module))
        for name in sorted(_imports(MODULES[module]))
        if name.partition(".")[0] in OURS and not any(_within(name, prefix) for prefix in (package, *ALLOWED[package]))
    ]

    assert wrong == []
    assert {module for module in MODULES if not _package_of(module)} <= {"infra", "tools"}


@pytest.mark.parametrize("package", ALLOWED, ids=str)
def test_no_arrow_points_up(package: str) -> None:
    floors = list(ALLOWED)
    below = floors[floors.index(package) + 1 :]

    above = {name for name in ALLOWED[package] if not any(_within(one, name) for one in below)}

    assert not above, f"{package} is listed below {sorted(above)} in docs/architecture.md"


@pytest.mark.parametrize("package", OURS, ids=str)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    graph = {
        module: {_module_of(name) for name in _imports(path)} & set(MODULES) - {module}
        for module, path in MODULES.items()
        if _within(module, package)
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("module", [m for m in MODULES if _within(m, "infra.components")], ids=str)
def test_a_component_imports_only_its_base(module: str) -> None:
    siblings = {_module_of(name) for name in _imports(MODULES[module]) if _within(name, "infra.components")}
    allowed = {*BASE_OF_COMPONENTS, *HELPERS.get(module, ()), "infra.components.tls_certificates"}

    assert siblings - {module} <= allowed


def test_no_module_name_has_two_meanings() -> None:
    names = Counter(module.rpartition(".")[2] for module in MODULES)
    twice = {name for name, count in names.items() if count > 1 and not name.startswith("__")}

    assert {name for name in twice if not _is_package(name)} <= ROOMS


def _is_package(name: str) -> bool:
    """Whether all modules of this name are packages, as for one subject on several layers."""
    return all(path.name == "__init__.py" for module, path in MODULES.items() if module.rpartition(".")[2] == name)


def test_folders_of_unit_tests_match_those_of_the_code() -> None:
    unit = ROOT / "tests" / "unit"
    folders = {test.parent.relative_to(unit) for test in unit.rglob("test_*.py")}

    assert Path("infra/rules") in folders
    assert [folder for folder in folders - {Path("support")} if not (ROOT / folder).is_dir()] == []


@pytest.mark.parametrize("library", CONFINED, ids=str)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    users = {
        module
        for module, path in MODULES.items()
        if any(_within(name, library) for name in _imports(path))
        and not any(_within(module, place) for place in CONFINED[library])
    }

    assert not users, f"{library} is confined to {sorted(CONFINED[library])}"


@pytest.mark.parametrize("module", [m for m in MODULES if any(_within(m, p) for p in STANDARD_LIBRARY_ONLY)], ids=str)
def test_code_that_runs_before_the_environment_exists_needs_only_the_standard_library(module: str) -> None:
    roots = {name.partition(".")[0] for name in _imports(MODULES[module])}

    assert roots <= {*sys.stdlib_module_names, "infra", "tools"}


def test_a_module_stays_readable_in_one_sitting() -> None:
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}

    assert {module: count for module, count in lines.items() if count > 300} == {}
