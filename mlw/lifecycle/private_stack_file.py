"""The private copy of the stack file that the project's commands hand to pulumi.

Pulumi writes the salt of the passphrase (`encryptionsalt`) into the stack file. That would modify every checkout, and
be wrong for everybody with another passphrase. So commands run with a copy that has the salt of the state. A stack file
with `secure:` values keeps its own salt, because they were encrypted with it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from infra.host import atomic_files
from infra.host.project import PROJECT
from infra.rules.stack.stack_file_keys import check_size
from infra.rules.violation import ConfigurationError
from infra.stack_files.stack_file import SECURE, StackFile, StackFileError, open_stack_file
from infra.stack_files.stack_file_edit import remove_key, set_key
from infra.stack_files.yaml_document import DocumentError, Node, decode, parse
from mlw.lifecycle.stack_context import Context

SALT = "encryptionsalt"


def with_salt(text: str, salt: str | None) -> str:
    """Insert the state's salt into the text of a stack file, unless it has its own secrets.

    Raises:
        DocumentError: It is no YAML.
    """
    if _has_secrets(text):
        return text
    return remove_key(text, SALT) if salt is None else set_key(text, SALT, salt)


def without_salt(text: str, salt: str) -> str:
    """Remove a salt that pulumi wrote into the text of a stack file; any other stays.

    Raises:
        DocumentError: It is no YAML.
    """
    if _has_secrets(text) or _salt(parse(text)) != salt:
        return text
    return remove_key(text, SALT)


def salt_of(file: StackFile) -> str | None:
    """The stack file's own salt."""
    return _salt(file.document)


def _salt(document: Node | None) -> str | None:
    values = {str(getattr(name.event, "value", "")): value for name, value in document.entries} if document else {}
    found = values.get(SALT)
    return None if found is None else getattr(found.resolved.event, "value", None)


def has_encrypted_values(context: Context) -> bool:
    """Whether the user's stack file has a salt of its own."""
    return context.stack_file.is_file() and _has_secrets(open_stack_file(context.stack_file).text)


def _has_secrets(text: str) -> bool:
    """Whether anything in it may be encrypted: without its salt it would be lost."""
    document = parse(text)
    return document is not None and document.has_entry(SECURE)


def write_private_copy(context: Context, salt: str | None) -> Path:
    """Write the copy for a command that runs the program, private to the user.

    Raises:
        StackFileError: The stack file cannot be read.
        ConfigurationError: It is larger than the engine can hand to the program.
    """
    text = ""
    if context.stack_file.is_file():
        require_size(context)
        text = open_stack_file(context.stack_file).text
    try:
        return _write(context, with_salt(text, salt))
    except DocumentError as exc:
        raise StackFileError(
            f"copying {context.stack_file} with the state's '{SALT}': {exc}. Write the file's first key as "
            "'key: value' and run the command again."
        ) from exc


def require_size(context: Context) -> None:
    """Reject a stack file that is too large for the engine to hand to the program, before the CLI fails on it.

    Raises:
        StackFileError: The stack file cannot be read.
        ConfigurationError: It is too large.
    """
    found = check_size(open_stack_file(context.stack_file).sizes)
    if found:
        raise ConfigurationError(
            [one.located(f"stacks/{context.stack_file.name}") for one in found], stack=context.stack
        )


def write_copy_without_configuration(context: Context, salt: str | None) -> Path:
    """Write the copy for a command that works from the state alone, regardless of the stack file."""
    return _write(context, with_salt("", salt))


def _write(context: Context, text: str) -> Path:
    atomic_files.write(context.private_stack_file, text)
    return context.private_stack_file


def write_private_project(context: Context) -> Path:
    """Write a project of the same name, where a stack can be created without touching the checkout."""
    atomic_files.write(context.workdir / "Pulumi.yaml", f"name: {PROJECT}\nruntime: python\n")
    return context.workdir


def remove_written_salt(context: Context, salt: str | None) -> None:
    """Remove the state's salt from the user's stack file, where a plain `pulumi up` has left it.

    A file that cannot be read or edited safely stays as it is.
    """
    with contextlib.suppress(DocumentError, OSError):
        content = context.stack_file.read_bytes()
        text = decode(content)
        cleaned = without_salt(text, salt) if salt else text
        if cleaned != text and content == text.encode():
            context.stack_file.write_bytes(cleaned.encode())
