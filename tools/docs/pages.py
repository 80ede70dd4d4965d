"""The generated pages of `docs/`: which there are, and which of them are not up to date.

`docs/reliability.md` is not one of these: it is made of the results of a test run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tools.docs import (
    assignments_reference,
    environment_reference,
    environments_reference,
    mlw_reference,
    outputs_reference,
    policies_reference,
    roles_reference,
    settings_reference,
)


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


PAGES: Mapping[Path, Callable[[], str]] = {
    assignments_reference.FILE: assignments_reference.render,
    environment_reference.FILE: environment_reference.render,
    environments_reference.FILE: lambda: environments_reference.updated(_read(environments_reference.FILE)),
    mlw_reference.FILE: mlw_reference.render,
    outputs_reference.FILE: outputs_reference.render,
    policies_reference.FILE: policies_reference.render,
    roles_reference.FILE: lambda: roles_reference.updated(_read(roles_reference.FILE)),
    settings_reference.FILE: settings_reference.render,
}
"""File to what makes its text."""


def outdated() -> list[Path]:
    """Files whose text is not what the code says."""
    return [file for file, render in PAGES.items() if _read(file) != render()]


def write() -> list[Path]:
    """Write every page that is not up to date; return which."""
    changed = outdated()
    for file in changed:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PAGES[file](), encoding="utf-8")
    return changed
