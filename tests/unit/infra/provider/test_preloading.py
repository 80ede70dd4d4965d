"""The services' client libraries are loaded by a run that creates something, and by no other."""

import subprocess
import sys
from pathlib import Path

import pytest
from pulumi.runtime.proto import provider_pb2

from infra.errors import MlWorkspaceError
from infra.provider import preloading
from infra.provider.server import ProviderServer

ROOT = Path(__file__).parents[4]


def run(script: str) -> str:
    """Run Python code in a process of its own, and return its output."""
    command = [sys.executable, "-c", f"import sys\n{script}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_the_libraries_are_loaded_in_the_background() -> None:
    script = "from infra.provider import preloading; preloading.begin().join()"

    assert run(f"{script}; print([n for n in preloading.LIBRARIES if n not in sys.modules])") == "[]"


def test_checks_and_comparisons_load_none() -> None:
    script = (
        "from infra.provider import preloading, server, tokens\nfor token in tokens.MODULES: tokens.provider_of(token)"
    )

    assert run(f"{script}\nprint([n for n in preloading.LIBRARIES if n in sys.modules])") == "[]"


def test_the_first_creation_begins_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    monkeypatch.setattr(preloading, "begin", lambda: begun.append(True))

    class Context:
        def abort(self, _code: object, details: str) -> None:
            raise MlWorkspaceError(details)

    with pytest.raises(MlWorkspaceError, match="unknown to the provider"):
        ProviderServer().Create(provider_pb2.CreateRequest(type="ml-workspace:no:Kind"), Context())

    assert begun == [True]
