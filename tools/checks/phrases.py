"""Rejects phrases that mark translated or wordy text: `python -m tools.checks.phrases`, part of `make lint`.

`phrases.toml` lists patterns with what to write instead, and the files and folders that are checked. It checks whole
files: prose, docstrings, comments, messages and names.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("phrases.toml")
SUFFIXES = frozenset({".md", ".py", ".sh", ".toml", ".yaml", ".yml", ""})


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern that must not occur, and what to write instead."""

    pattern: re.Pattern[str]
    instead: str


@dataclass(frozen=True, slots=True)
class Phrases:
    """The list: what is checked, what is left out of it, and the phrases."""

    paths: Sequence[str]
    excluded: Sequence[str]
    phrases: Sequence[Phrase]


def read(file: Path = LIST) -> Phrases:
    """The list of a file."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    phrases = [Phrase(_compiled(row["phrase"]), row["instead"]) for row in document["phrases"]]
    return Phrases(document["paths"], document["excluded"], phrases)


def _compiled(phrase: str) -> re.Pattern[str]:
    # A space matches a line break too, with the marks of a comment or a quoted line behind it. A pattern that begins
    # with a letter is found many times faster than one that begins with \b or ignores case; `find` does both.
    return re.compile(phrase.replace(" ", r"(?:[ \t]+|[ \t]*\n[ \t#>]*)") + r"\b")


def files(listed: Phrases, root: Path = ROOT) -> Iterator[Path]:
    """The files that are checked."""
    excluded = {root / path for path in listed.excluded}
    for path in (root / entry for entry in listed.paths):
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and file.suffix in SUFFIXES and not excluded & {file, *file.parents}:
                yield file


def find(text: str, phrases: Sequence[Phrase]) -> Iterator[tuple[int, str, str]]:
    """Line, text and replacement of each phrase in a text."""
    lowered = text.lower()
    for phrase in phrases:
        for match in phrase.pattern.finditer(lowered):
            if not _within_word(lowered, match.start()):
                yield lowered.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), phrase.instead


def _within_word(text: str, start: int) -> bool:
    return start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_")


def main(root: Path = ROOT, file: Path = LIST, say: Callable[[str], object] = print) -> int:
    """Check every file; return the exit code."""
    listed = read(file)
    found = [
        f"{path.relative_to(root)}:{line}: '{text}'; write: {instead}"
        for path in files(listed, root)
        for line, text, instead in sorted(find(path.read_text(encoding="utf-8"), listed.phrases))
    ]
    for problem in found:
        say(problem)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
