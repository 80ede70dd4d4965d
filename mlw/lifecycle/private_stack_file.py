"""The private copy of the stack file that the project's own commands hand to pulumi.

Pulumi writes the salt of the passphrase (`encryptionsalt`) into the stack file at the first chance. That would make
every checkout dirty, and wrong for whoever has another passphrase. So commands run with a copy that has the salt of the
state; the state is its home. A stack file with `secure:` values keeps its own salt, since those were made with it.
"""

from __future__ import annotations

import re
from pathlib import Path

from infra.host import atomic_files
from infra.host.project import PROJECT
from mlw.lifecycle.stack_context import Context

SALT_LINE = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)
SECURE_VALUE = re.compile(r"^\s*(-\s+)?\"?secure\"?:", re.MULTILINE)


def with_salt(text: str, salt: str | None) -> str:
    """Give the text of a stack file the state's salt, unless it has secrets of its own."""
    if SECURE_VALUE.search(text):
        return text
    bare = SALT_LINE.sub("", text)
    if salt is None:
        return bare
    return f"encryptionsalt: {salt}\n{bare}"


def without_salt(text: str, salt: str) -> str:
    """Take a salt out that pulumi wrote into the text of a stack file; any other stays."""
    if SECURE_VALUE.search(text):
        return text
    return "".join(line for line in text.splitlines(keepends=True) if line.strip() != f"encryptionsalt: {salt}")


def write_private_copy(context: Context, salt: str | None) -> Path:
    """Write the copy for the next command, private to the user."""
    text = context.stack_file.read_text(encoding="utf-8") if context.stack_file.is_file() else ""
    atomic_files.write(context.private_stack_file, with_salt(text, salt))
    return context.private_stack_file


def write_private_project(context: Context) -> Path:
    """Write a project of the same name, in which a stack can be made without touching the checkout."""
    atomic_files.write(context.workdir / "Pulumi.yaml", f"name: {PROJECT}\nruntime: python\n")
    return context.workdir


def remove_written_salt(context: Context, salt: str | None) -> None:
    """Take the state's salt out of the user's stack file, where a plain `pulumi up` has left it."""
    if salt is None or not context.stack_file.is_file():
        return
    text = context.stack_file.read_text(encoding="utf-8")
    cleaned = without_salt(text, salt)
    if cleaned != text:
        context.stack_file.write_text(cleaned, encoding="utf-8")
