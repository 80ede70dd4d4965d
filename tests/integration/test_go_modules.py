"""The tests of the project's own Go programs, run with the toolchain of the bootstrap.

Compiling them takes a minute of processor time at first. Their caches stay, so that later runs only test what has
changed.
"""

import os
import subprocess
from pathlib import Path

import pytest

from infra.host import folders
from tools.bootstrap import cpp_compiler, golang, patched_modules

MODULES = ["inference", "insights"]
"""Modules with packages of their own; the tests of the others are upstream's."""
SECONDS = 900


@pytest.mark.parametrize("name", MODULES)
def test_tests_of_a_go_module_pass(name: str, tmp_path: Path) -> None:
    source = folders.repo() / "tools" / "go" / name
    how = patched_modules.recipe(source)
    has_cgo = bool(how.get("cgo"))
    if has_cgo:
        cpp_compiler.ensure(doing=f"testing {name}")
    caches = folders.private_folder(folders.cache() / "go-tests")
    environment = golang.environment(cgo=has_cgo) | {
        "GOCACHE": str(caches / "cache"),
        "GOMODCACHE": str(caches / "mod"),
        "GOPATH": str(caches / "gopath"),
        "GOTMPDIR": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }

    with patched_modules.prepared(source, below=tmp_path) as module:
        done = subprocess.run(
            [golang.toolchain(), "test", "-tags", ",".join(how.get("tags", ())), "./..."],
            cwd=module, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip

    assert done.returncode == 0, f"{done.stdout[-8000:]}{os.linesep}{done.stderr[-2000:]}"
