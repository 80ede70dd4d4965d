"""Debian packages as files: downloaded and unpacked without being installed, so that no root is needed.

apt-get verifies them with the archive's signature. Their scripts are not run; what those would do and an image needs is
done here: the links of a merged `/usr`, and one file with all certificate authorities.
"""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.bootstrap.bootstrap_errors import BootstrapError

RELEASE_FILE = Path("/etc/os-release")
DOWNLOAD_SECONDS = 600
MERGED = ("bin", "lib", "lib64", "sbin")
"""Folders that are links into `/usr`. Packages of this release still have files in both places."""
RECORDS = "var/lib/dpkg/status.d"
"""Where scanners for vulnerabilities look for the packages of an image without a package manager."""
AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"
PROGRAMS = ("apt-get", "dpkg-deb")

_OTHERWISE = (
    "Make the images on a machine with this release, push them with 'python3 -m tools.bootstrap images --push HOST', "
    "and set MLW_IMAGE_REGISTRY=HOST here."
)


def require_release(release: str) -> None:
    """Fail unless this machine's package manager has the packages of a release of Debian.

    Raises:
        BootstrapError: It is another system; the text says what to do.
    """
    found = _field("VERSION_CODENAME") or "unknown"
    if found == release and _field("ID") == "debian" and all(map(shutil.which, PROGRAMS)):
        return
    system = _field("PRETTY_NAME") or "an unknown system"
    raise BootstrapError(
        f"making the image of Python: it consists of packages of Debian's release {release!r}, this machine has "
        f"{system}. {_OTHERWISE}"
    )


def download(packages: Sequence[str], folder: Path) -> list[Path]:
    """Download packages into a folder and return the files, by name.

    Raises:
        BootstrapError: A package cannot be downloaded.
    """
    if _run(["apt-get", "download", *packages], folder) is not None:
        # A bare machine has no lists of packages, or old ones.
        update = _run(["apt-get", "update", "-o", "APT::Update::Error-Mode=any"], folder)
        if (problem := _run(["apt-get", "download", *packages], folder)) is not None:
            lists = f"; 'apt-get update' failed too: {update}" if update else ""
            raise BootstrapError(
                f"downloading {len(packages)} Debian packages: apt-get failed: {problem}{lists}. Check the network and "
                f"/etc/apt/sources.list, and run 'apt-get update' as root; or set MLW_IMAGE_REGISTRY to a mirror that "
                f"has the finished images."
            )
    return sorted(folder.glob("*.deb"))


def unpack(archives: Iterable[Path], tree: Path, *, left_out: Sequence[str]) -> None:
    """Unpack packages into a folder, with what their scripts would have made."""
    for name in MERGED:
        (tree / "usr" / name).mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(f"usr/{name}")
    for archive in archives:
        _write(tree / RECORDS / archive.name.partition("_")[0], _call(["dpkg-deb", "--field", archive]))
        _unpack_one(archive, tree, left_out)
    certificates = tree / "usr/share/ca-certificates"
    _write(tree / AUTHORITIES, b"".join(file.read_bytes() for file in sorted(certificates.rglob("*.crt"))))
    shutil.rmtree(certificates)


def is_left_out(path: str, left_out: Iterable[str]) -> bool:
    """Whether a path matches one of the patterns; `*` also stands for slashes."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in left_out)


def _unpack_one(archive: Path, tree: Path, left_out: Sequence[str]) -> None:
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as client,
        tarfile.open(fileobj=client.stdout, mode="r|") as members,
    ):
        for member in members:
            path = _merged(member.name)
            if not member.isdir() and not is_left_out(path, left_out):
                _place(members, member, tree / path)
    if client.returncode != 0:
        raise BootstrapError(f"unpacking '{archive.name}': dpkg-deb failed with exit code {client.returncode}")


def _merged(name: str) -> str:
    path = name.removeprefix("./")
    return f"usr/{path}" if path.partition("/")[0] in MERGED else path


def _place(members: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        target.symlink_to(member.linkname)
    elif (content := members.extractfile(member)) is not None:
        with target.open("wb") as file:
            shutil.copyfileobj(content, file)
        target.chmod(member.mode & 0o755)


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _run(command: Sequence[str], folder: Path) -> str | None:
    """Run a package command in a folder; return its error message if it failed."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no response within {DOWNLOAD_SECONDS} s"
    lines = [line.removeprefix("E: ").rstrip(".") for line in done.stderr.splitlines() if line.startswith("E:")]
    return None if done.returncode == 0 else (lines[-1] if lines else "no reason given")


def _call(command: Sequence[str | Path]) -> bytes:
    return subprocess.run(command, capture_output=True, check=True).stdout


def _field(name: str) -> str:
    """One field of the description of this system."""
    lines = RELEASE_FILE.read_text(encoding="utf-8").splitlines() if RELEASE_FILE.is_file() else []
    found = [line.partition("=")[2].strip("\"'") for line in lines if line.startswith(f"{name}=")]
    return found[0] if found else ""
