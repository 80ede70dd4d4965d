"""Files of pinned npm packages: fetched by npm as it is configured here, verified, kept in the cache.

A table (TOML) lists packages with version, integrity and the files that are wanted. The integrity is npm's own form,
`sha512-` and the hash in base64, but of this project's choice: what a registry says about a package is not trusted.
Folders in the cache are complete or absent, and named after the table's content.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from infra.errors import HostError
from infra.host import folders

FETCH_SECONDS = 120.0
HASH_LENGTH = 12
CLIENT = "npm"
_PREFIX = "package/"


@dataclass(frozen=True, kw_only=True, slots=True)
class NpmPackage:
    """One pinned package.

    Attributes:
        integrity: SHA-512 of the package's archive, in npm's form.
        files: Maps a file of the package to its name in the cache.
    """

    name: str
    version: str
    integrity: str
    files: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class NpmFiles:
    """The files of one table.

    Attributes:
        title: What they are, for messages.
        folder: The folder that has all of them once they are fetched.
    """

    title: str
    folder: Path
    packages: tuple[NpmPackage, ...]

    def are_present(self) -> bool:
        """Whether they have been fetched."""
        return self.folder.is_dir()


def read_table(path: Path, *, title: str) -> NpmFiles:
    """Read a table of packages."""
    content = path.read_bytes()
    rows = tomllib.loads(content.decode())["packages"]
    recipe = hashlib.sha256(content).hexdigest()[:HASH_LENGTH]
    return NpmFiles(
        title=title,
        folder=folders.tools() / f"{path.stem.replace('_', '-')}-{recipe}",
        packages=tuple(NpmPackage(**row) for row in rows),
    )


def can_fetch() -> bool:
    """Whether there is an npm client."""
    return shutil.which(CLIENT) is not None


def ensure(wanted: NpmFiles) -> Path:
    """Fetch the files unless they are present; return their folder.

    Raises:
        HostError: There is no npm, it cannot fetch a package, or a package is not the pinned one.
    """
    if wanted.are_present():
        return wanted.folder
    if not can_fetch():
        raise HostError(
            f"fetching {wanted.title}: there is no `{CLIENT}` on the PATH. Install it (on Debian and Ubuntu: "
            f"sudo apt-get install {CLIENT}) and run this again. The files are fetched once, into {wanted.folder}."
        )
    unfinished = folders.private_folder(folders.tools()) / f".unfinished-{os.getpid()}-{wanted.folder.name}"
    try:
        unfinished.mkdir()
        for package in wanted.packages:
            _extract(_fetch(package, unfinished, wanted.title), package, unfinished)
        if not wanted.are_present():  # another run may have been faster
            unfinished.rename(wanted.folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return wanted.folder


def _fetch(package: NpmPackage, folder: Path, title: str) -> Path:
    """Let npm fetch the archive of a package; no script of a package is run."""
    what = f"{package.name}@{package.version}"
    command = [CLIENT, "pack", what, "--silent", "--ignore-scripts", "--fetch-retries=1", "--pack-destination", "."]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as exc:
        raise HostError(f"fetching {title}: npm did not deliver {what} within {FETCH_SECONDS:.0f} s.") from exc
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise HostError(f"fetching {title}: npm could not fetch {what} ({said}). Check the network and npm's settings.")
    _verify(archives[0], package, title)
    return archives[0]


def _verify(archive: Path, package: NpmPackage, title: str) -> None:
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{found}" != package.integrity:
        raise HostError(
            f"fetching {title}: {package.name}@{package.version} has the integrity sha512-{found}, expected "
            f"{package.integrity}. The registry that npm is configured for serves another package; nothing was used."
        )


def _extract(archive: Path, package: NpmPackage, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        for name, target in package.files.items():
            found = packed.extractfile(f"{_PREFIX}{name}") if f"{_PREFIX}{name}" in packed.getnames() else None
            if found is None:
                raise HostError(f"reading {package.name}@{package.version}: it has no file '{name}'.")
            (folder / target).write_bytes(found.read())
    archive.unlink()
