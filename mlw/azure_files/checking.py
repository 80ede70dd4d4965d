"""Has Azure's package check a document, in a process of its own; what was right is not checked again."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.host import folders, package_folders
from mlw.azure_files.azure_file_errors import AzureFileError

PROGRAM = Path(__file__).with_name("azure_program.py")
SECONDS = 120.0
KEPT = 2000
"""Remembered documents, each an empty file."""

_TAIL = 6


def problems(kind: str, path: Path, document: Mapping[str, Any], complete: object, doing: str) -> list[tuple[str, str]]:
    """Check a document.

    Args:
        kind: What it is.
        path: Its file; other files are relative to it.
        document: What the file says.
        complete: The same with the content of all files that it refers to.
        doing: For messages.

    Returns:
        Key and message of everything that is wrong.

    Raises:
        AzureFileError: The check itself failed.
        HostError: The package cannot be installed.
    """
    packages = package_folders.AZURE_ML.ensure(lambda line: print(line, file=sys.stderr))
    given = json.dumps({"kind": kind, "path": str(path), "document": document})
    known = folders.cache() / "azure-files" / _digest(given, json.dumps(complete), packages.name)
    if known.exists():
        return []
    found = _run(packages, given, doing)
    if not found:
        _remember(known)
    return found


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join((*texts, PROGRAM.read_text(encoding="utf-8"))).encode()).hexdigest()


def _run(packages: Path, given: str, doing: str) -> list[tuple[str, str]]:
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(packages)]
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as exc:
        raise AzureFileError(f"{doing}: Azure's package did not check it within {SECONDS:.0f} s.") from exc
    if done.returncode:
        said = "\n".join(f"  | {line}" for line in done.stderr.splitlines()[-_TAIL:])
        raise AzureFileError(
            f"{doing}: the program that checks it with Azure's package failed with exit code {done.returncode}. "
            f"Remove '{packages}' and run this again, which installs the package again. Its last lines:\n{said}"
        )
    return [(one["key"], one["message"]) for one in json.loads(done.stdout)["errors"]]


def _remember(known: Path) -> None:
    folder = folders.private_folder(known.parent)
    files = list(folder.iterdir())
    for old in sorted(files, key=_age)[: max(len(files) - KEPT + 1, 0)]:
        old.unlink(missing_ok=True)
    known.touch()


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
