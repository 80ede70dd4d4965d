"""Who may import whom: the imports as they stand, compared with the table of docs/architecture.md."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ALLOWED = {
    "infra.errors": {"infra.rules.violation"},
    "infra.labels": set(),
    "infra.images": set(),
    "infra.certificates": set(),
    "infra.rules": {"infra.rules", "infra.errors"},
    "infra.settings": {"infra.settings", "infra.rules", "infra.errors"},
    "infra.health": {"infra.clients", "infra.errors"},
    "infra.clients": {"infra.clients", "infra.rules", "infra.errors", "infra.labels"},
    "infra.resources": {
        "infra.resources", "infra.clients", "infra.rules", "infra.health", "infra.errors", "infra.labels",
        "infra.certificates",
    },
    "infra.datastores": {"infra.resources", "infra.rules", "infra.settings"},
    "infra.components": {
        "infra.components", "infra.resources", "infra.datastores", "infra.rules", "infra.settings", "infra.images",
        "infra.labels",
    },
    "infra.preconditions": {"infra.components", "infra.resources", "infra.rules", "infra.settings", "infra.images"},
    "infra.program": {
        "infra.components", "infra.resources", "infra.clients", "infra.rules", "infra.settings", "infra.datastores",
        "infra.preconditions", "infra.errors",
    },
    "infra.cli": {"infra", "policies", "tools"},
    "policies": {"policies", "infra.rules", "infra.settings", "infra.errors"},
    "tools.bootstrap": {"tools.bootstrap"},
    "tools.lifecycle": {"tools.lifecycle", "tools.bootstrap", "infra"},
}  # fmt: skip
"""Package or module to what of the project it may import; the longest name that fits holds."""

CONFINED = {
    "pulumi": {
        "infra.program",
        "infra.preconditions",
        "infra.datastores",
        "infra.components",
        "infra.resources",
        "policies.pack",
    },
    "pulumi_docker": {"infra.components"},
    "pulumi_policy": {"policies.pack"},
    "minio": {"infra.clients.object_store", "infra.clients.storage_admin", "infra.clients.storage_containers"},
    "hvac": {"infra.clients.vault", "infra.clients.datastore_accounts"},
    "cryptography": {"infra.certificates"},
}
"""Library to the only parts that may know it."""


def _modules() -> Iterator[tuple[str, Path]]:
    for package in ("infra", "policies", "tools"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


MODULES = dict(_modules())


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    layers = [layer for layer in ALLOWED if _within(module, layer)]
    if not layers:
        assert module in {"infra", "tools"}
        return
    allowed = ALLOWED[max(layers, key=len)]

    ours = {name for name in _imports(MODULES[module]) if name.partition(".")[0] in {"infra", "policies", "tools"}}
    # `from infra import images` names the module itself; `from infra.images import table` something in it.
    wrong = {name for name in ours if not any(_within(name, prefix) for prefix in allowed)}

    assert not wrong, f"{module} may import {sorted(allowed)} of the project, not {sorted(wrong)}"


@pytest.mark.parametrize("library", CONFINED, ids=str)
def test_a_library_is_known_only_where_it_belongs(library: str) -> None:
    users = {
        module
        for module, path in MODULES.items()
        if any(_within(name, library) for name in _imports(path))
        and not any(_within(module, place) for place in CONFINED[library])
    }

    assert not users, f"{library} is confined to {sorted(CONFINED[library])}"


@pytest.mark.parametrize("module", [m for m in MODULES if _within(m, "tools.bootstrap")], ids=str)
def test_the_bootstrap_needs_nothing_but_the_standard_library(module: str) -> None:
    foreign = {
        name.partition(".")[0]
        for name in _imports(MODULES[module])
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "tools"}
    }

    assert not foreign


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_stays_readable_in_one_sitting(module: str) -> None:
    assert len(MODULES[module].read_text().splitlines()) <= 300
