"""Code blocks of the documentation, and the commands in them.

Only reads them. Tests check every command against what exists, and run the ones that a shared workspace can run.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "tools").rglob("*.md")),
]
SHELL = frozenset({"sh", "bash", "console"})
SEPARATORS = frozenset({"&&", "||", "|", ";", "&", "(", ")"})
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
_ASSIGNMENT = re.compile(r"\w+=.*")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a document."""

    document: Path
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}: {self.text.splitlines()[0] if self.text else ''}"


def blocks(document: Path) -> list[Block]:
    """Every fenced block of a document."""
    text = document.read_text(encoding="utf-8")
    return [Block(document, language, body) for language, body in _FENCE.findall(text)]


def all_blocks(*languages: str) -> list[Block]:
    """Blocks of the given languages in all documents."""
    return [block for document in DOCUMENTS for block in blocks(document) if block.language in languages]


def script(block: Block) -> str:
    """A block as a shell script: only the typed lines of a session with prompts."""
    if block.language != "console":
        return block.text
    return "".join(f"{line[2:]}\n" for line in block.text.splitlines() if line.startswith("$ "))


def commands(text: str) -> Iterator[list[str]]:
    """Each simple command of a script as words, including those within ``$(…)``."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        yield from _commands_of(line)


def _commands_of(line: str) -> Iterator[list[str]]:
    for inner in _SUBSTITUTION.findall(line):
        yield from _commands_of(inner)
    flat = line
    while (replaced := _SUBSTITUTION.sub("SUBSTITUTION", flat)) != flat:
        flat = replaced
    lexer = shlex.shlex(flat, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for token in [*lexer, ";"]:
        if token not in SEPARATORS:
            words.append(token)
            continue
        while words and _ASSIGNMENT.fullmatch(words[0]):
            words.pop(0)
        if words:
            yield words
        words = []


def shown_output(block: Block) -> dict[str, list[str]]:
    """The output that a session shows for each command, without the dots for omitted lines."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            lines = found[line[2:]] = []
        elif line.strip() not in {"", "..."}:
            lines.append(line)
    return found


def comparable(text: str) -> list[str]:
    """Lines of an output without numbers and the width of columns, which differ from run to run."""
    return [" ".join(re.sub(r"[0-9]+", "0", line).split()) for line in text.splitlines()]
