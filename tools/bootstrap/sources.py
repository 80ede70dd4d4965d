"""The three sources of a tool: an installation on this machine, the official release, a build from pinned Go modules.

All three end in the same folder with the same file names. A source that does not have the tool says why in a few words,
and the next one is tried; only the failure of the last one is an error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from infra.host import folders
from tools.bootstrap import disk, golang, patched_modules
from tools.bootstrap.bootstrap_errors import BootstrapError, UnavailableError
from tools.bootstrap.fetching_ahead import Program
from tools.bootstrap.progress import Report
from tools.bootstrap.versions import Tool

DOWNLOAD_SPACE = disk.GIB
MODULE = "tools/go/pulumi"
BUILT = "built from pinned Go modules"
RELEASES = "https://api.github.com/repos/{repository}/releases/tags/v{version}"


def provide(tool: Tool, folder: Path, report: Report) -> str:
    """Fill a folder with a tool's programs from the cheapest source that has them; return which one that was."""
    if installed := find_installed(tool):
        for name in tool.files:
            shutil.copy(installed / name, folder / name)
        return f"copied from {installed}"
    try:
        return download(tool, folder, report)
    except UnavailableError as exc:
        report(f"no official download: {exc}")
    report("building from pinned Go modules")
    build(tool, folder)
    return BUILT


def programs(tool: Tool) -> list[Program]:
    """What :func:`build` builds, for fetching its sources ahead."""
    return [Program(module=folders.repo() / MODULE, package=tool.package, tags=tool.tags)]


def find_installed(tool: Tool) -> Path | None:
    """Return the folder of an official installation of exactly the pinned version, if there is one."""
    folder = _installed_plugin(tool) if tool.plugin else _installed_cli(tool.version)
    complete = folder is not None and all(os.access(folder / name, os.X_OK) for name in tool.files)
    return folder if complete else None


def _installed_plugin(tool: Tool) -> Path:
    """Return the folder where Pulumi itself keeps a plugin of this version."""
    return Path.home() / ".pulumi" / "plugins" / f"resource-{tool.plugin}-v{tool.version}"


def _installed_cli(version: str) -> Path | None:
    """Return the folder of a `pulumi` on PATH that is not the bootstrap's and has the pinned version."""
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
    """Extract the programs from the official archive.

    Raises:
        UnavailableError: There is none for this machine, or it cannot be downloaded.
    """
    from tools.bootstrap import downloads  # noqa: PLC0415 - an HTTP client that no other run of the bootstrap needs

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
    import platform  # noqa: PLC0415 - as above

    machine = tool.machines.get(platform.machine())
    system = platform.system().lower()
    if machine is None or system not in {"linux", "darwin"}:
        raise UnavailableError(f"there is no official archive for {system} on {platform.machine()}")
    return tool.archive.format(version=tool.version, system=system, machine=machine)


def published_digest(tool: Tool, file_name: str) -> str:
    """Return the SHA-256 that the record of the release has for an archive."""
    from tools.bootstrap import downloads  # noqa: PLC0415 - as above

    url = RELEASES.format(repository=tool.release, version=tool.version)
    release = downloads.read_json(url)
    for asset in release.get("assets", []):
        algorithm, _, digest = (asset.get("digest") or "").partition(":")
        if asset.get("name") == file_name and algorithm == "sha256":
            return str(digest)
    raise UnavailableError(f"the release at {url} has no SHA-256 for {file_name}")


def unpack(archive: Path, names: tuple[str, ...], folder: Path) -> None:
    """Extract the named files from any folder of an archive; nothing else is written."""
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
        raise UnavailableError(f"{archive.name} does not contain {', '.join(sorted(wanted))}")


def build(tool: Tool, folder: Path) -> None:
    """Build the tool's program, and copy its scripts from the module that has them."""
    with patched_modules.prepared(folders.repo() / MODULE) as module:
        output = folder / tool.files[0]
        golang.build(module=module, package=tool.package, output=output, tags=tool.tags, stamp=tool.stamp)
        if tool.scripts_module:
            found_in = golang.run(["list", "-m", "-f", "{{.Dir}}", tool.scripts_module], cwd=module).strip()
            for script in tool.scripts:
                _copy_script(tool, Path(found_in) / script, folder)


def _copy_script(tool: Tool, script: Path, folder: Path) -> None:
    if not script.is_file():
        raise BootstrapError(f"building {tool.title}: {tool.scripts_module} has no file '{script.name}'.")
    shutil.copyfile(script, folder / script.name)
