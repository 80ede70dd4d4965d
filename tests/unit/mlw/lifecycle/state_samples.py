"""Builders of what the tests of the life cycle start from: a stack in a temporary home, and sound state files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlw.lifecycle.stack_context import Context

URN = "urn:pulumi:dev::ml-workspace::"
STACK_URN = f"{URN}pulumi:pulumi:Stack::ml-workspace-dev"
SALT = "v1:c2FsdA==:v1:bm9uY2U=:Y2lwaGVydGV4dA=="


def a_context(tmp_path: Path, *, stack: str = "dev") -> Context:
    """A stack whose home and checkout are in a temporary folder."""
    home, root = tmp_path / "home", tmp_path / "checkout"
    (root / "stacks").mkdir(parents=True, exist_ok=True)
    home.mkdir(exist_ok=True)
    environment = {"PULUMI_BACKEND_URL": (home / "state").as_uri(), "PATH": str(tmp_path / "bin")}
    return Context(stack=stack, environment=environment, home=home, root=root)


def a_resource(name: str, *, type_: str = "docker:index/volume:Volume", **more: object) -> dict[str, Any]:
    """A resource as the state holds it."""
    return {"urn": f"{URN}{type_}::{name}", "custom": True, "type": type_, "id": name, **more}


def a_state(
    *resources: dict[str, Any],
    time: str = "2026-11-21T10:00:00Z",
    pending: Sequence[tuple[str, dict[str, Any]]] = (),
    outputs: dict[str, Any] | None = None,
) -> bytes:
    """A sound state file of the stack `dev`."""
    stack = {"urn": STACK_URN, "custom": False, "type": "pulumi:pulumi:Stack", "outputs": outputs or {}}
    latest: dict[str, Any] = {
        "manifest": {"time": time, "magic": "m", "version": "v3.256.0"},
        "secrets_providers": {"type": "passphrase", "state": {"salt": SALT}},
        "resources": [stack, *resources],
        "metadata": {},
    }
    if pending:
        latest["pending_operations"] = [{"type": type_, "resource": resource} for type_, resource in pending]
    document = {"version": 3, "checkpoint": {"stack": "organization/ml-workspace/dev", "latest": latest}}
    return json.dumps(document, separators=(",", ":")).encode()


def write(path: Path | None, content: bytes) -> Path:
    """Write a file with its folders."""
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Heard:
    """Stands in for the terminal."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> None:
        self.lines.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)
