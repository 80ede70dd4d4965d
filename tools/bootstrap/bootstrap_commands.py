"""The command line: `python3 -m tools.bootstrap <command>`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence

from infra.errors import MlWorkspaceError
from infra.host import environment, folders, streams
from tools.bootstrap import artefacts, bootstrap_lock, engine_setup, steps
from tools.bootstrap.images.image_options import add_arguments as add_image_arguments
from tools.bootstrap.images.image_options import run as run_images
from tools.bootstrap.progress import say

INTERRUPTED = 130

ENSURE_HELP = {
    "state": "create the state folder and the passphrase",
    "python": "create the Python environment",
    "tools": "install Pulumi's CLI, language host and Docker provider",
    "azure": "install what reads Azure's YAML",
    "studio": "fetch the scripts and style sheets of the studio",
    "browser": "install what browser tests need: chromium and scripts",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    streams.accept_any_text()
    options = parser().parse_args(arguments)
    try:
        environment.complete()
        return int(options.run(options) or 0)
    except MlWorkspaceError as exc:
        say(f"error: {exc}")
        return 1
    except OSError as exc:
        place = f" ({exc.filename})" if exc.filename else ""
        say(f"operating system error: {exc.strerror or exc}{place}. The next run continues from here.")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next run continues from here")
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    top = argparse.ArgumentParser(prog="bootstrap", description="Make this machine ready for the workspace.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("ensure", help="install everything that is missing").set_defaults(run=_ensure)
    for group, text in ENSURE_HELP.items():
        commands.add_parser(group, help=text).set_defaults(run=_ensure_group, group=group)
    engine_options = commands.add_parser("engine", help="make sure that a Docker engine is running")
    engine_options.add_argument("--restart", action="store_true", help="restart the engine that the bootstrap started")
    engine_options.add_argument("--hard", action="store_true", help="with --restart: kill it, as a crash would")
    engine_options.set_defaults(run=_engine, group="engine")
    image_options = commands.add_parser("images", help="provide the services' images, or push them to a mirror")
    add_image_arguments(image_options)
    image_options.set_defaults(run=run_images)
    commands.add_parser("env", help="print the environment for `eval` in a shell").set_defaults(run=_env)
    commands.add_parser("clean", help="remove all caches; the state stays").set_defaults(run=_clean)
    return top


def _ensure(_: argparse.Namespace) -> None:
    steps.run(steps.all_steps())
    steps.clear_build_caches()


def _ensure_group(options: argparse.Namespace) -> None:
    steps.run(steps.of_group(options.group))


def _engine(options: argparse.Namespace) -> None:
    if options.restart:
        with bootstrap_lock.exclusive():
            say(f"Docker engine: {engine_setup.restart(hard=options.hard)}")
    else:
        _ensure_group(options)


def _env(_: argparse.Namespace) -> None:
    # As bytes: escaping what the terminal cannot show would change the value.
    sys.stdout.buffer.write(os.fsencode(environment.export_lines(environment.additions())))
    sys.stdout.flush()


def _clean(_: argparse.Namespace) -> None:
    with bootstrap_lock.exclusive():
        discarded = folders.cache().glob(f"{artefacts.DISCARDED}*")
        for folder in (
            folders.tools(),
            folders.build(),
            folders.bin_folder(),
            folders.pulumi_home() / "plugins",
            *discarded,
        ):
            shutil.rmtree(folder, ignore_errors=True)
            say(f"removed {folder}")
