"""Install Pulumi's CLI, the Python language host and the Docker provider where Pulumi finds them without a warning.

The tools are in the cache, one folder for each version and recipe. Pulumi and its users see links:

- `bin/pulumi-cli` is the CLI; `bin/pulumi` is a guard that checks for traces of a killed run before it starts the CLI;
- the language host and its scripts are in the folder of the CLI's program: Pulumi uses them from PATH too, but then
  prints a warning in every run;
- the provider is in Pulumi's plugin folder.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.host import folders
from tools.bootstrap import artefacts, patched_modules, pulumi_log, sources, versions
from tools.bootstrap.artefacts import Artefact
from tools.bootstrap.progress import Report
from tools.bootstrap.versions import Tool

CLI = "pulumi"
REAL_CLI = "pulumi-cli"
ORIGIN = "ORIGIN"
"""File in a tool's folder that names the tool's source."""
GUARD = "mlw/lifecycle/pulumi_guard.sh"


def artefact(tool: Tool) -> Artefact:
    """The tool as this checkout's recipe makes it."""
    module = folders.repo() / sources.MODULE
    patches = patched_modules.instructions(module) if tool.plugin else ()  # only the provider contains patched source
    recipe = artefacts.recipe_hash(module, recipe_files(tool), (tool.row, patches))
    return Artefact(name=tool.name, version=tool.version, recipe=recipe, files=tool.files)


def guard() -> Artefact:
    """This checkout's guard: a copy, since other checkouts need it after this one is deleted."""
    recipe = artefacts.recipe_hash(folders.repo(), [folders.repo() / GUARD])
    return Artefact(name="pulumi-guard", version=versions.tool(CLI).version, recipe=recipe, files=(CLI,))


def recipe_files(tool: Tool) -> list[Path]:
    """What a tool is built from: the module's pins, and its own sources without their tests."""
    module = folders.repo() / sources.MODULE
    files = [module / "go.mod", module / "go.sum"]
    if tool.package.startswith("./"):
        files += (path for path in (module / tool.package).glob("*.go") if not path.name.endswith("_test.go"))
    if tool.plugin:
        files += (path for path in (module / "dockershim").iterdir() if path.suffix in {".go", ".mod"})
    return files


def is_present(tool: Tool) -> bool:
    """Whether the tool is complete and all links point to it."""
    made = artefact(tool)
    needed = [made, guard()] if tool.name == CLI else [made]
    in_place = all(_points_to(folder / name, target) for folder, name, target in links(tool, made))
    return in_place and all(one.is_present() for one in needed) and (tool.name != CLI or pulumi_log.is_off())


def ensure(tool: Tool, report: Report) -> str:
    """Install a tool and its links; return how."""
    made = artefact(tool)
    how = "ready"
    if not made.is_present():
        with artefacts.publish(made) as folder:
            how = sources.provide(tool, folder, report)
            (folder / ORIGIN).write_text(how + "\n")
    if tool.name == CLI and not guard().is_present():
        with artefacts.publish(guard()) as folder:
            shutil.copyfile(folders.repo() / GUARD, folder / CLI)
    for folder, name, target in links(tool, made):
        artefacts.link(name, target, folders.private_folder(folder))
    if tool.name == CLI and not pulumi_log.is_off():
        pulumi_log.turn_off()
    return how


def origin(tool: Tool) -> str:
    """The source of an installed tool."""
    return (artefact(tool).folder / ORIGIN).read_text().strip()


def links(tool: Tool, made: Artefact) -> list[tuple[Path, str, Path]]:
    """Every link that a tool needs: the folder, the link's name and its target."""
    if tool.plugin:
        plugins = folders.pulumi_home() / "plugins" / f"resource-{tool.plugin}-v{tool.version}"
        return [(plugins, name, made.folder / name) for name in tool.files]
    if tool.name != CLI:
        beside_cli = artefact(versions.tool(CLI)).folder
        return [(beside_cli, name, made.folder / name) for name in tool.files]
    folder = folders.bin_folder()
    return [(folder, REAL_CLI, made.folder / CLI), (folder, CLI, guard().folder / CLI)]


def all_tools() -> tuple[Tool, ...]:
    """The pinned tools."""
    return versions.tools()


def _points_to(link: Path, target: Path) -> bool:
    try:
        return link.readlink() == target
    except OSError:
        return False
