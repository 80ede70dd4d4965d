"""Debian packages as files: downloaded by apt-get and unpacked without being installed, so that no root is needed.

apt-get verifies the archive's signature. It is this machine's if that runs the wanted release, otherwise the one in
Debian's official image. The packages' scripts are not run; what those would do and an image needs is done here: the
links of a merged `/usr`, and one file with all certificate authorities.
"""

from __future__ import annotations

import fnmatch
import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.images import docker_cli

RELEASE_FILE = Path("/etc/os-release")
OFFICIAL = "docker.io/library/debian:{release}-slim"
DOWNLOAD_SECONDS = 600
MERGED = ("bin", "lib", "lib64", "sbin")
"""Folders that are links into `/usr`. Packages of this release still have files in both places."""
RECORDS = "var/lib/dpkg/status.d"
"""Where scanners for vulnerabilities look for the packages of an image without a package manager."""
AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"

_IN_CONTAINER = 'cd /tmp && { apt-get update && apt-get download "$@"; } >&2 && tar --create *.deb'
_MIRROR = "set MLW_IMAGE_REGISTRY to a mirror that has the finished images"
_AR_MAGIC, _AR_HEADER = b"!<arch>\n", 60


def download(packages: Sequence[str], folder: Path, *, release: str) -> list[Path]:
    """Download packages of a release into a folder and return the files, by name.

    Raises:
        BootstrapError: A package cannot be downloaded.
    """
    if _field("ID") == "debian" and _field("VERSION_CODENAME") == release:
        _download_here(packages, folder)
    else:
        _download_in_container(packages, folder, release)
    return sorted(folder.glob("*.deb"))


def unpack(archives: Iterable[Path], tree: Path, *, left_out: Sequence[str]) -> None:
    """Unpack packages into a folder, with what their scripts would have made."""
    for name in MERGED:
        (tree / "usr" / name).mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(f"usr/{name}")
    for archive in archives:
        _unpack_one(archive, tree, left_out)
    certificates = tree / "usr/share/ca-certificates"
    _write(tree / AUTHORITIES, b"".join(file.read_bytes() for file in sorted(certificates.rglob("*.crt"))))
    shutil.rmtree(certificates)


def is_left_out(path: str, left_out: Iterable[str]) -> bool:
    """Whether a path matches one of the patterns; `*` also stands for slashes."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in left_out)


def _download_here(packages: Sequence[str], folder: Path) -> None:
    if _run(["apt-get", "download", *packages], folder) is None:
        return
    # A bare machine has no lists of packages, or old ones.
    update = _run(["apt-get", "update", "-o", "APT::Update::Error-Mode=any"], folder)
    if (problem := _run(["apt-get", "download", *packages], folder)) is not None:
        lists = f"; 'apt-get update' failed too: {update}" if update else ""
        raise BootstrapError(
            f"downloading {len(packages)} Debian packages: apt-get failed: {problem}{lists}. Check the network and "
            f"/etc/apt/sources.list, and run 'apt-get update' as root; or {_MIRROR}."
        )


def _download_in_container(packages: Sequence[str], folder: Path, release: str) -> None:
    image = OFFICIAL.format(release=release)
    is_temporary = docker_cli.find(image) is None
    try:
        if is_temporary:
            docker_cli.pull(image)
        command = ("run", "--rm", "--label", docker_cli.SCRATCH_LABEL, "--entrypoint", "/bin/sh", image)
        content = docker_cli.read(*command, "-c", _IN_CONTAINER, "sh", *packages, seconds=DOWNLOAD_SECONDS)
    except docker_cli.DockerError as exc:
        system = _field("PRETTY_NAME") or "another system"
        raise BootstrapError(
            f"downloading {len(packages)} Debian packages: this machine has {system} instead of Debian's {release!r}, "
            f"and {image} cannot be used: {exc}. Make the images on a machine with this release, push them with "
            f"'python3 -m tools.bootstrap images --push HOST', and {_MIRROR}."
        ) from exc
    with tarfile.open(fileobj=io.BytesIO(content)) as found:
        for member in found:
            if (file := found.extractfile(member)) is not None:
                (folder / Path(member.name).name).write_bytes(file.read())
    if is_temporary:
        docker_cli.call("rmi", image)


def _unpack_one(archive: Path, tree: Path, left_out: Sequence[str]) -> None:
    content = _members_of(archive)
    with tarfile.open(fileobj=io.BytesIO(content["control"])) as members:
        control = members.extractfile("./control")
        _write(tree / RECORDS / archive.name.partition("_")[0], control.read() if control else b"")
    with tarfile.open(fileobj=io.BytesIO(content["data"])) as members:
        for member in members:
            path = _merged(member.name)
            if not member.isdir() and not is_left_out(path, left_out):
                _place(members, member, tree / path)


def _members_of(archive: Path) -> Mapping[str, bytes]:
    """The two tar archives in a package, `control` and `data`, which `ar` has put together."""
    content, found = archive.read_bytes(), {}
    if not content.startswith(_AR_MAGIC):
        raise BootstrapError(f"unpacking '{archive.name}': it is not a Debian package")
    position = len(_AR_MAGIC)
    while position < len(content):
        name, size = content[position : position + 16].decode(), int(content[position + 48 : position + 58])
        position += _AR_HEADER
        found[name.partition(".")[0]] = content[position : position + size]
        position += size + size % 2
    return found


def _merged(name: str) -> str:
    path = name.removeprefix("./")
    return f"usr/{path}" if path.partition("/")[0] in MERGED else path


def _place(members: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        target.symlink_to(member.linkname)
    elif (content := members.extractfile(member)) is not None:
        target.write_bytes(content.read())
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


def _field(name: str) -> str:
    """One field of the description of this system."""
    lines = RELEASE_FILE.read_text(encoding="utf-8").splitlines() if RELEASE_FILE.is_file() else []
    found = [line.partition("=")[2].strip("\"'") for line in lines if line.startswith(f"{name}=")]
    return found[0] if found else ""
