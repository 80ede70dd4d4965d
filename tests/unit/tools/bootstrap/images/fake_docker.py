"""A Docker client that follows a script, for what the real engine does not do on demand."""

import json
import stat
from pathlib import Path

from tools.bootstrap.images.image_table import Service

SERVICE = Service(
    name="vault",
    image="ml-workspace/vault:1.21.4",
    official="docker.io/hashicorp/vault:1.21.4",
    binary="/bin/vault",
    user="100:1000",
    folders=("/vault/file", "/vault/config"),
)


def install(folder: Path, script: str) -> None:
    """Put a client in a folder that is first on PATH; it also records its command lines."""
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/calls"\n{script}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def calls(folder: Path) -> list[str]:
    """Return the command lines that the client got."""
    record = folder / "calls"
    return record.read_text().splitlines() if record.exists() else []


def described(tag: str, *, recipe: str = "") -> str:
    """Return what `image inspect` prints for one image."""
    labels = {"ml-workspace.recipe": recipe} if recipe else None
    return json.dumps({"Id": f"sha256:{tag}", "RepoTags": [tag], "Config": {"Labels": labels}})
