"""Environments of the workspace as kernels: their files in the user's home, and what Jupyter knows of them.

A kernel is the layers of an environment's image, unpacked to a folder of its own. With the Python of this image it is a
virtual environment without the instance's own packages; any other Python is in the layers, and is relocatable.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS = "ml-workspace"
PYTHON = "3.11"
"""The version of this image, whose files no layer of an environment has."""

INTERPRETER = Path("/usr/bin/python3.11")
_BLOCK = 512
_PICTURES = ("logo-32x32.png", "logo-64x64.png", "logo-svg.svg")


class KernelError(Exception):
    """A kernel cannot be added or removed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernels:
    """The kernels that are environments of the workspace.

    Attributes:
        home: Home folder of the user.
    """

    home: Path

    @property
    def specs(self) -> Path:
        """Where Jupyter looks for kernels of the user."""
        return self.home / ".local/share/jupyter/kernels"

    @property
    def trees(self) -> Path:
        """Where their files are."""
        return self.home / ".local/share" / OURS / "kernels"

    def list(self) -> list[dict[str, Any]]:
        """All of them, with the MiB that each takes."""
        found = [(file.parent.name, _facts(file)) for file in sorted(self.specs.glob("*/kernel.json"))]
        return [{"kernel": name, **facts, "sizeMiB": _mib(self.trees / name)} for name, facts in found if facts]

    def check(self, name: str, environment: str) -> None:
        """Reject a name that something else has.

        Raises:
            KernelError: It does.
        """
        facts = _facts(self.specs / name / "kernel.json")
        if (self.specs / name).exists() and facts.get("environment") != environment:
            other = facts.get("environment") or "one that you installed yourself"
            raise KernelError(f"there is another kernel '{name}': {other}; remove it first")

    def publish(self, tree: Path, name: str, facts: Mapping[str, Any]) -> None:
        """Move complete files to their place, replacing those of the same environment, and tell Jupyter."""
        place = self.trees / name
        shutil.rmtree(place, ignore_errors=True)
        _prepare(tree, place, str(facts["python"]))
        tree.rename(place)
        spec, new = self.specs / name, self.specs / f".{name}.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        (new / "kernel.json").write_text(json.dumps(_spec(place, facts), indent=1), encoding="utf-8")
        resources = next(place.glob("lib/python*/*-packages/ipykernel/resources"), place)
        for picture in _PICTURES:
            if (resources / picture).is_file():
                shutil.copy(resources / picture, new / picture)
        shutil.rmtree(spec, ignore_errors=True)
        new.rename(spec)

    def remove(self, name: str) -> None:
        """Delete a kernel with its files; others, and what users have installed themselves, are left alone.

        Raises:
            KernelError: There is no such kernel.
        """
        if not _facts(self.specs / name / "kernel.json"):
            known = ", ".join(str(one["environment"]) for one in self.list()) or "none"
            raise KernelError(f"no environment is kernel '{name}'; those that are: {known}")
        shutil.rmtree(self.specs / name)
        shutil.rmtree(self.trees / name, ignore_errors=True)


def kernel_name(environment: str) -> str:
    """Name of the kernel of an environment `NAME:VERSION`; Jupyter has no colon and no capital letters in it."""
    return re.sub(r"[^a-z0-9._-]", "-", environment.lower())


def _facts(file: Path) -> dict[str, Any]:
    """What is known of a kernel of ours; nothing of another one."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["metadata"][OURS]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(found) if isinstance(found, dict) and "environment" in found else {}


def _prepare(tree: Path, place: Path, python: str) -> None:
    """Make a virtual environment of packages for this image's Python; scripts start the kernel's own Python."""
    programs = tree / "bin"
    programs.mkdir(exist_ok=True)
    if python == PYTHON:
        for name in ("python", "python3", f"python{PYTHON}"):
            (programs / name).unlink(missing_ok=True)
            (programs / name).symlink_to(INTERPRETER)
        settings = f"home = {INTERPRETER.parent}\ninclude-system-site-packages = false\nversion = {PYTHON}\n"
        (tree / "pyvenv.cfg").write_text(settings, encoding="utf-8")
        packages = tree / f"lib/python{PYTHON}"
        packages.mkdir(parents=True, exist_ok=True)
        (packages / "site-packages").symlink_to("dist-packages")
    for script in programs.iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        with script.open("rb") as content:
            is_script = content.read(2) == b"#!"
        if is_script:
            _, _, rest = script.read_bytes().partition(b"\n")
            script.write_bytes(f"#!{place}/bin/python\n".encode() + rest)


def _spec(place: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "argv": [str(place / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": facts["environment"],
        "language": "python",
        "env": {
            "PATH": f"{place}/bin:${{PATH}}",
            # What the user has installed for the instance's own kernel is not the environment's.
            "PYTHONNOUSERSITE": "1",
            "PIP_BREAK_SYSTEM_PACKAGES": "1",
        },
        "metadata": {"debugger": True, OURS: dict(facts)},
    }


def _mib(tree: Path) -> int:
    """What a folder takes of the disk."""
    blocks = sum(os.lstat(Path(folder) / name).st_blocks for folder, _, names in os.walk(tree) for name in names)
    return round(blocks * _BLOCK / 2**20)
