"""The three ways to a tool: already installed on this machine, the official release, a build from pinned Go modules.

All three end in the same folder with the same file names. A way that does not lead there says why in a few words, and
the next one is tried; only the last one's failure is an error.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path

from infra.host import folders
from tools.bootstrap import disk, downloads, golang
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.downloads import UnavailableError
from tools.bootstrap.progress import Report
from tools.bootstrap.versions import Tool

DOWNLOAD_SPACE = disk.GIB
MODULE = "tools/go/pulumi"
RELEASES = "https://api.github.com/repos/{repository}/releases/tags/v{version}"


def provide(tool: Tool, folder: Path, report: Report) -> str:
    """Fill a folder with a tool's programs, in the cheapest way that works; return which way it was."""
    if installed := find_installed(tool):
        for name in tool.files:
            shutil.copy(installed / name, folder / name)
        return f"taken over from {installed}"
    try:
        return download(tool, folder, report)
    except UnavailableError as exc:
        report(f"no official download: {exc}")
    report("building from pinned Go modules, which takes minutes")
    build(tool, folder)
    return "built from pinned Go modules"


def find_installed(tool: Tool) -> Path | None:
    """Return the folder of an official installation in exactly the pinned version, if this machine has one."""
    folder = _installed_plugin(tool) if tool.plugin else _installed_cli(tool.version)
    complete = folder is not None and all(os.access(folder / name, os.X_OK) for name in tool.files)
    return folder if complete else None


def _installed_plugin(tool: Tool) -> Path:
    """Return the folder where Pulumi itself keeps a plugin of this version."""
    return Path.home() / ".pulumi" / "plugins" / f"resource-{tool.plugin}-v{tool.version}"


def _installed_cli(version: str) -> Path | None:
    """Return the folder of a `pulumi` on PATH that is not ours and has the right version."""
    elsewhere = [entry for entry in os.get_exec_path() if Path(entry) != folders.bin_folder()]
    found = shutil.which("pulumi", path=os.pathsep.join(elsewhere))
    if not found:
        return None
    try:
        said = subprocess.run([found, "version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Path(found).resolve().parent if said.strip() == f"v{version}" else None


def download(tool: Tool, folder: Path, report: Report) -> str:
    """Take the programs out of the official archive.

    Raises:
        UnavailableError: There is none for this machine, or it cannot be had.
    """
    address = archive_address(tool)
    archive = folders.private_folder(folders.build() / "downloads") / address.rpartition("/")[2]
    digest = published_digest(tool, archive.name)
    disk.require(archive.parent, DOWNLOAD_SPACE, doing=f"downloading {tool.title}")
    report(f"downloading {address}")
    downloads.fetch(address, archive, sha256=digest)
    unpack(archive, tool.files, folder)
    return "downloaded"


def archive_address(tool: Tool) -> str:
    """The official archive for this machine."""
    machine = tool.machines.get(platform.machine())
    system = platform.system().lower()
    if machine is None or system not in {"linux", "darwin"}:
        raise UnavailableError(f"there is no official archive for {system} on {platform.machine()}")
    return tool.archive.format(version=tool.version, system=system, machine=machine)


def published_digest(tool: Tool, file_name: str) -> str:
    """Return the SHA-256 that the release's own record names for an archive."""
    url = RELEASES.format(repository=tool.release, version=tool.version)
    release = downloads.read_json(url)
    for asset in release.get("assets", []):
        algorithm, _, digest = (asset.get("digest") or "").partition(":")
        if asset.get("name") == file_name and algorithm == "sha256":
            return str(digest)
    raise UnavailableError(f"the release at {url} names no SHA-256 for {file_name}")


def unpack(archive: Path, names: tuple[str, ...], folder: Path) -> None:
    """Take the named files out of an archive, wherever in it they lie; nothing else is written."""
    wanted = set(names)
    with tarfile.open(archive) as members:
        for member in members:
            name = Path(member.name).name
            content = members.extractfile(member) if member.isfile() and name in wanted else None
            if content is not None:
                with (folder / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
                wanted.discard(name)
    if wanted:
        raise UnavailableError(f"{archive.name} does not hold {', '.join(sorted(wanted))}")


def build(tool: Tool, folder: Path) -> None:
    """Build the tool's program, and take its scripts as they lie in their module."""
    module = folders.repo() / MODULE
    golang.build(module=module, package=tool.package, output=folder / tool.files[0], tags=tool.tags, stamp=tool.stamp)
    if tool.scripts_module:
        lies_in = golang.run(["list", "-m", "-f", "{{.Dir}}", tool.scripts_module], cwd=module).strip()
        for script in tool.scripts:
            source = Path(lies_in) / script
            if not source.is_file():
                raise BootstrapError(f"building {tool.title}: {tool.scripts_module} has no file '{script}'.")
            shutil.copyfile(source, folder / source.name)
