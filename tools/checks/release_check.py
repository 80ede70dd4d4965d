"""Verifies that a commit can be released: `make release-check`.

Checks the version and its changelog entry, the working tree, the tag, the generated pages, and the wheel, which is
built from the commit and kept in `build/release`. CONTRIBUTING.md describes the release itself.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from tools.docs import pages

ROOT = Path(__file__).parents[2]
WHEELS = Path("build/release")
LICENCE_FILES = ("LICENSE", "NOTICE")

Check = Callable[[Path], list[str]]


class CommandError(Exception):
    """A program that a check runs has failed; the text is what it wrote."""


def version_of(root: Path) -> str:
    """The version in `pyproject.toml`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def check_changelog(root: Path) -> list[str]:
    """The first entry of the changelog is this version, with a date."""
    version = version_of(root)
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    first = re.search(r"^## \[?([^\]\s]+)\]?(?: - (\S+))?", text, re.MULTILINE)
    if first is None or first[1] != version:
        found = f"'{first[1]}'" if first else "nothing"
        return [
            f"CHANGELOG.md starts with {found}, pyproject.toml has version '{version}'; add '## [{version}] - <date>'"
        ]
    try:
        date.fromisoformat(first[2] or "")
    except ValueError:
        return [f"CHANGELOG.md: entry '{version}' has date '{first[2] or ''}'; allowed: a date such as 2026-11-29"]
    return []


def check_tree(root: Path) -> list[str]:
    """Everything is committed."""
    changed = _run(["git", "status", "--porcelain"], root).splitlines()
    return [f"not committed: {', '.join(line[3:] for line in changed)}; commit or remove it"] if changed else []


def check_tag(root: Path) -> list[str]:
    """The version's tag is free, or names this commit."""
    tag = f"v{version_of(root)}"
    if not _run(["git", "tag", "--list", tag], root).strip():
        return []
    tagged, head = (_run(["git", "rev-list", "-n", "1", name], root).strip() for name in (tag, "HEAD"))
    if tagged == head:
        return []
    return [f"tag '{tag}' belongs to commit {tagged[:12]}, not to {head[:12]}; raise the version in pyproject.toml"]


def check_pages(_root: Path) -> list[str]:
    """The generated pages are those of the code."""
    return [f"{page.name} is not up to date; run: python -m tools.docs" for page in pages.outdated()]


def check_wheel(root: Path) -> list[str]:
    """A wheel can be built from the commit, and holds the licence files."""
    folder = root / WHEELS
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as source:
        _unpack_commit(root, Path(source))
        build = ["-m", "pip", "--disable-pip-version-check", "wheel", source, f"--wheel-dir={folder}"]
        offline = ["--no-deps", "--no-index", "--no-build-isolation", "--quiet"]
        try:
            _run([sys.executable, *build, *offline], root)
        except CommandError as exc:
            return [f"building the wheel failed: {exc}"]
    return wheel_problems(next(folder.glob("*.whl")), version_of(root))


def wheel_problems(wheel: Path, version: str) -> list[str]:
    """What a wheel lacks."""
    names = zipfile.ZipFile(wheel).namelist()
    folder = f"{wheel.name.split('-')[0]}-{version}.dist-info"
    wanted = [f"{folder}/METADATA", *(f"{folder}/licenses/{name}" for name in LICENCE_FILES)]
    return [f"{wheel.name} has no '{name}'; see [project] in pyproject.toml" for name in wanted if name not in names]


CHECKS: Sequence[tuple[str, Check]] = (
    ("version and changelog", check_changelog),
    ("working tree", check_tree),
    ("tag", check_tag),
    ("generated pages", check_pages),
    ("wheel and licence files", check_wheel),
)


def main(root: Path = ROOT, checks: Sequence[tuple[str, Check]] = CHECKS, say: Callable[[str], object] = print) -> int:
    """Run every check and print its result; return the exit code."""
    failed = False
    for title, check in checks:
        try:
            found = check(root)
        except CommandError as exc:
            found = [str(exc)]
        failed = failed or bool(found)
        say(f"{title}: {'; '.join(found) or 'ok'}")
    say("not ready for a release" if failed else f"ready: version {version_of(root)}, wheel in {WHEELS}")
    return int(failed)


def _unpack_commit(root: Path, target: Path) -> None:
    done = subprocess.run(["git", "archive", "HEAD"], cwd=root, capture_output=True, check=False)
    if done.returncode:
        raise CommandError(done.stderr.decode(errors="replace").strip())
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(f"'{' '.join(command[:3])}' failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
