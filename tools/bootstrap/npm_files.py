"""Files from npm: what `mlw studio` serves, and what tests of its pages need. A workspace needs none of them.

So a machine without npm, or without a connection to its registry, is not held up: the step counts as done after one
attempt, and `mlw studio` tries again itself.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.errors import HostError
from infra.host import folders, npm_packages
from infra.host.npm_packages import NpmFiles
from tools.bootstrap import system_packages
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.progress import Report

STUDIO = "mlw/studio/studio_assets.toml"
TESTS = "tests/support/browser_assets.toml"
BROWSER = "chromium"


def studio_is_settled() -> bool:
    """Whether the studio's files are there, or were not to be had."""
    wanted = _studio()
    return wanted.are_present() or not npm_packages.can_fetch() or _not_to_be_had(wanted).exists()


def ensure_studio(report: Report) -> str:
    """Fetch the studio's files; failing is no error."""
    report("fetching scripts and style sheets")
    wanted = _studio()
    try:
        npm_packages.ensure(wanted)
    except HostError as exc:
        folders.private_folder(folders.tools())
        _not_to_be_had(wanted).touch()
        return f"left to the first start of `mlw studio`: {exc}"
    return "fetched"


def browser_is_present() -> bool:
    """Whether tests of pages find a browser and their scripts."""
    return shutil.which(BROWSER) is not None and _studio().are_present() and _tests().are_present()


def ensure_browser(report: Report) -> str:
    """Install a browser, and npm where it is missing, from the system's packages; fetch the scripts."""
    missing = [program for program in (BROWSER, npm_packages.CLIENT) if shutil.which(program) is None]
    if missing:
        if not system_packages.can_install():
            raise BootstrapError(
                f"preparing tests of pages: {' and '.join(missing)} not found. Install "
                f"{'it' if len(missing) == 1 else 'them'}, on Debian with: sudo apt-get install {' '.join(missing)}"
            )
        report(f"installing {' and '.join(missing)}")
        system_packages.install(missing, doing="installing a browser for tests")
    report("fetching scripts")
    for wanted in (_studio(), _tests()):
        npm_packages.ensure(wanted)
    return "installed" if missing else "ready"


def _studio() -> NpmFiles:
    return npm_packages.read_table(folders.repo() / STUDIO, title="the assets of the studio")


def _tests() -> NpmFiles:
    return npm_packages.read_table(folders.repo() / TESTS, title="the scripts of browser tests")


def _not_to_be_had(wanted: NpmFiles) -> Path:
    return wanted.folder.with_name(f"{wanted.folder.name}.not-fetched")
