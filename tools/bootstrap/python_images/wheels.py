"""Wheels of a lock with hashes, as files: fetched by the environment's pip, from wherever it is configured to get them.

They are unpacked here rather than installed by pip: an installation writes the installing interpreter's path into
scripts, and depends on order where two wheels have the same file.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

from infra.host import folders
from tools.bootstrap import child_processes
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.python_images.debian_packages import is_left_out

PACKAGES = "usr/local/lib/python3.11/dist-packages"
"""Where Debian's Python looks for packages that are not Debian's."""
DATA = "usr/local"
DOWNLOAD_SECONDS = 900.0
VERSION = "3.11"
NEWEST_LIBC = 36
"""Minor version of the GNU C library of the base."""
OLDEST_LIBC = 17

_TO_PACKAGES = {"purelib", "platlib"}


def download(lock: Path, folder: Path, *, machine: str) -> list[Path]:
    """Fetch the wheels of a lock into a folder and return them, by name.

    Raises:
        BootstrapError: A package cannot be fetched, or has another hash; quotes pip.
    """
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_LIBC, OLDEST_LIBC - 1, -1)]
    command: list[str | Path] = [
        *(folders.venv() / "bin" / "python", "-m", "pip", "download", "--quiet", "--no-input"),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *("--implementation", "cp", "--python-version", VERSION),
        *(word for one in (*platforms, f"manylinux2014_{machine}") for word in ("--platform", one)),
        *("--requirement", lock, "--dest", folder),
    ]
    try:
        child_processes.run(command, doing=f"fetching the packages of '{lock}'", timeout=DOWNLOAD_SECONDS)
    except BootstrapError as exc:
        raise BootstrapError(
            f"{exc}\nCheck the network and pip's configuration ('pip config list'), or set MLW_IMAGE_REGISTRY to a "
            f"mirror that has the finished images."
        ) from exc
    return sorted(folder.glob("*.whl"))


def unpack(archives: Sequence[Path], tree: Path, *, left_out: Sequence[str]) -> None:
    """Unpack wheels into a folder that becomes an image's root.

    Raises:
        BootstrapError: Two wheels have a file of the same name with other content.
    """
    written: dict[str, tuple[str, bytes]] = {}
    for archive in archives:
        with zipfile.ZipFile(archive) as wheel:
            for member in sorted(wheel.infolist(), key=lambda one: one.filename):
                target = "" if member.is_dir() else _target(member.filename, left_out)
                if target:
                    content = wheel.read(member)
                    digest = hashlib.sha256(content).digest()
                    earlier, same = written.setdefault(target, (archive.name, digest))
                    if same != digest:
                        raise BootstrapError(
                            f"unpacking wheels: {earlier} and {archive.name} have different content for the file "
                            f"'{target}'. List it in 'left_out' of the recipe if no program needs it."
                        )
                    _place(content, tree / target, is_program=bool(member.external_attr >> 16 & 0o100))


def _target(name: str, left_out: Sequence[str]) -> str:
    """Where a file of a wheel belongs in the image; empty if nowhere."""
    first, _, rest = name.partition("/")
    if name.startswith("/") or ".." in name.split("/"):
        raise BootstrapError(f"unpacking wheels: the file name {name!r} is outside of the folder of packages")
    if not first.endswith(".data"):
        return "" if is_left_out(name, left_out) else f"{PACKAGES}/{name}"
    scheme, _, path = rest.partition("/")
    if scheme in _TO_PACKAGES:
        return "" if is_left_out(path, left_out) else f"{PACKAGES}/{path}"
    # Scripts start the wrong interpreter, and headers are for compilers.
    return f"{DATA}/{path}" if scheme == "data" else ""


def _place(content: bytes, target: Path, *, is_program: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(0o755 if is_program else 0o644)
