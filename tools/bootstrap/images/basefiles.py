"""The two files that every image contains besides its binary: a static busybox and the public certificate authorities.

Both come from the host if it has them, otherwise from Debian packages. They are not part of an image's recipe: services
work with any revision that a distribution ships.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bootstrap.images.recipe import APPLETS

if TYPE_CHECKING:
    from collections.abc import Callable

BUSYBOXES = (Path("/bin/busybox"), Path("/usr/bin/busybox"))
BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
)
PACKAGE_SECONDS = 120

_ELF = b"\x7fELF"
_INTERPRETER_HEADER = 3  # program header PT_INTERP: the file needs a dynamic loader


class BaseFileError(Exception):
    """Neither the host nor its package manager has the file; the text is one line."""


def busybox() -> bytes:
    """Return a static busybox with every needed applet."""
    for candidate in BUSYBOXES:
        if candidate.is_file() and is_static(candidate.read_bytes()) and _has_applets(candidate):
            return candidate.read_bytes()
    found = _package_files("busybox-static", lambda name: name.endswith("bin/busybox"))
    return next(iter(found.values()))


def certificates() -> bytes:
    """Return the bundle of public certificate authorities."""
    for candidate in BUNDLES:
        if candidate.is_file() and candidate.stat().st_size > 0:
            return candidate.read_bytes()
    found = _package_files("ca-certificates", lambda name: "/mozilla/" in name and name.endswith(".crt"))
    return b"".join(found[name] for name in sorted(found))


def is_static(content: bytes) -> bool:
    """Whether a file is a 64-bit little-endian ELF program that runs without a loader."""
    if content[:6] != _ELF + b"\x02\x01":
        return False
    offset = int.from_bytes(content[32:40], "little")
    size = int.from_bytes(content[54:56], "little")
    count = int.from_bytes(content[56:58], "little")
    types = (content[offset + size * index : offset + size * index + 4] for index in range(count))
    return all(int.from_bytes(kind, "little") != _INTERPRETER_HEADER for kind in types)


def _has_applets(candidate: Path) -> bool:
    """Ask a busybox for its applets: distributions leave some out."""
    try:
        done = subprocess.run([candidate, "--list"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return set(APPLETS) <= set(done.stdout.split())


def _package_files(package: str, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Download one Debian package, without installing it, and return the wanted files."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise BaseFileError(
            f"this host has neither {package} nor apt-get to download it: install busybox (static) and ca-certificates "
            f"with the host's package manager, or set MLW_IMAGE_REGISTRY to a mirror that has the finished images"
        )
    with tempfile.TemporaryDirectory(prefix="mlw-package-") as folder:
        if _run(["apt-get", "download", package], folder) is not None:
            _run(["apt-get", "update"], folder)  # a bare machine has no package lists yet
            if (problem := _run(["apt-get", "download", package], folder)) is not None:
                raise BaseFileError(f"apt-get could not download {package}: {problem}")
        archive = next(Path(folder).glob("*.deb"))
        unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], capture_output=True, check=True).stdout
    found = _files_of(unpacked, wanted)
    if not found:
        raise BaseFileError(f"the Debian package {package} does not contain the expected file")
    return found


def _files_of(archive: bytes, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return the wanted regular files of a tar archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        return {
            member.name: content.read()
            for member in members
            if member.isfile() and wanted(member.name) and (content := members.extractfile(member)) is not None
        }


def _run(command: list[str], folder: str) -> str | None:
    """Run a package command in a folder; return its error message if it failed."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PACKAGE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"no response within {PACKAGE_SECONDS} s"
    lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
    return None if done.returncode == 0 else (lines[-1] if lines else "no reason given")
