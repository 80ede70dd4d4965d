"""The options of `python3 -m tools.bootstrap images`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tools.bootstrap import artefacts, bootstrap_lock, steps
from tools.bootstrap.images import image_table, mirror
from tools.bootstrap.images.ensure import MIRROR_VARIABLE, ImageError, ensure, jobs, missing
from tools.bootstrap.images.image_table import Service
from tools.bootstrap.progress import StepProgress, say
from tools.bootstrap.remaining_time import RemainingTime


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="IMAGE",
        help="only these images (default: those that the stacks of the project need)",
    )
    parser.add_argument("--all", action="store_true", help="also images that no stack of the project needs")
    parser.add_argument(
        "--mirror", metavar="HOST[:PORT]", help=f"registry to try first for the images (default: {MIRROR_VARIABLE})"
    )
    parser.add_argument("--push", metavar="HOST[:PORT]", help="push the images to this registry instead")
    parser.add_argument("--username", metavar="NAME", help="with --push: log in for this push only")
    parser.add_argument("--password-stdin", action="store_true", help="with --username: read the password from stdin")


def run(options: argparse.Namespace) -> int:
    """Provide the images, or push them."""
    if options.push:
        login = _login(options.username, from_stdin=options.password_stdin)
        _push(options.push, options.names, login)
        return 0
    if options.username or options.password_stdin:
        raise ImageError("'--username' and '--password-stdin' require '--push'; to pull, use 'docker login' first.")
    services = _chosen(options)
    if not missing(services):
        say("images: everything is there")
        return 0
    with bootstrap_lock.exclusive():
        artefacts.sweep()
        progress = StepProgress(1, 1, "Images of the services", remaining=RemainingTime(jobs(services)))
        with progress.signs_of_life():
            made = ensure(
                mirror=options.mirror, report=progress.report, services=services, remaining=progress.remaining
            )
        progress.done(f"made {', '.join(made)}" if made else "there")
    steps.clear_build_caches()
    return 0


def _chosen(options: argparse.Namespace) -> Sequence[Service] | None:
    """The images of the command line; None for those that stacks need."""
    if options.names:
        return image_table.named(options.names)
    return image_table.load() if options.all else None


def _push(registry: str, names: Sequence[str], login: tuple[str, str] | None) -> None:
    if problem := image_table.mirror_problem(registry):
        raise ImageError(problem)
    mirror.push(names, registry, report=lambda line: say(f"images: {line}"), login=login)


def _login(username: str | None, *, from_stdin: bool) -> tuple[str, str] | None:
    """Return the credentials; a password on a command line could be read by every user."""
    if bool(username) != from_stdin:
        raise ImageError(
            "'--username NAME' and '--password-stdin' require each other; pass both, or use 'docker login'."
        )
    return (username, sys.stdin.read().rstrip("\r\n")) if username else None
