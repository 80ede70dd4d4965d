"""Writes the stack file and the role definitions of a restored stack; never replaces a file of the user."""

from __future__ import annotations

from pathlib import Path

from infra.clients.state import state_passphrase
from infra.clients.state.passphrase_cipher import PassphraseCipher, SaltFormatError, UndecryptableError, make_salt
from infra.errors import ArchiveError
from infra.host import atomic_files
from infra.stack_files.stack_file import open_stack_file
from infra.stack_files.stack_file_edit import remove_key, set_config_value, set_key
from mlw.archive.contents import Contents
from mlw.lifecycle.display import Say
from mlw.lifecycle.private_stack_file import SALT, salt_of
from mlw.lifecycle.stack_context import Context

BESIDE = ".of-backup"
"""Suffix for a file whose path is taken by a different file."""


INSTANCE = "ml-workspace:instance"


def write(context: Context, contents: Contents, *, say: Say) -> bool:
    """Write the stack file of the backup, unless there is one, and the file of role definitions.

    Returns:
        Whether the stack file was written, rather than chosen by the user.

    Raises:
        ArchiveError: There is no stack file.
    """
    if contents.stack_file is None:
        if not context.stack_file.is_file():
            raise ArchiveError(
                f"restoring stack '{context.stack}': the backup has no stack file, and '{context.stack_file}' does "
                "not exist. Write it first."
            )
        return False
    text = contents.stack_file
    if context.stack_file.is_file() and context.stack_file.read_bytes() == text.encode():
        return False
    is_new = _place(context.stack_file, _for_this_home(context, text, contents).encode(), say)
    if contents.role_definitions is not None:
        roles = _role_definitions(context.stack_file.parent, contents.manifest.role_definitions)
        _place(roles, contents.role_definitions, say)
    return is_new


def set_instance(context: Context, instance: str) -> None:
    """Give the stack file another `ml-workspace:instance`.

    Raises:
        DocumentError: It cannot be edited.
    """
    text = context.stack_file.read_text(encoding="utf-8")
    atomic_files.write(context.stack_file, set_config_value(text, INSTANCE, instance), mode=0o644)


def encrypt_anew(context: Context, contents: Contents, *, say: Say) -> None:
    """Encrypt the values of the archive's own stack file for this home, if its passphrase does not decrypt them.

    Call it last: until then the file may belong to the original.
    """
    if contents.stack_file is None or context.stack_file.read_bytes() != contents.stack_file.encode():
        return
    if not contents.config_secrets:
        return
    passphrase = state_passphrase.read(context.environment).text
    if _can_decrypt(salt_of(open_stack_file(context.stack_file)), passphrase, contents):
        return
    atomic_files.write(context.stack_file, _for_this_home(context, contents.stack_file, contents), mode=0o644)
    say(f"Encrypted the secret values of '{context.stack_file}' for the passphrase of this home.")


def _can_decrypt(salt: str | None, passphrase: str, contents: Contents) -> bool:
    if salt is None:
        # They were encrypted with the salt of a state that does not exist here.
        return False
    try:
        cipher = PassphraseCipher.of(salt, passphrase)
        for value in contents.config_secrets:
            cipher.decrypt(value)
    except (SaltFormatError, UndecryptableError):
        return False
    return True


def _role_definitions(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    # The path comes from the archive.
    if not path.is_relative_to(folder.parent.resolve()):
        raise ArchiveError(
            f"restoring the role definitions '{name}': the path points outside the project. Put the file there "
            "yourself."
        )
    return path


def _for_this_home(context: Context, text: str, contents: Contents) -> str:
    """The stack file with its secret values encrypted for the passphrase of this home.

    Without secret values the salt is removed, which the CLI may have written and checks the passphrase against: the
    state has its own.
    """
    if not contents.config_secrets:
        return remove_key(text, SALT)
    passphrase = state_passphrase.read(context.environment).text
    salt = make_salt(passphrase)
    cipher = PassphraseCipher.of(salt, passphrase)
    for encrypted, value in contents.config_secrets.items():
        text = text.replace(encrypted, cipher.encrypt(value))
    return set_key(text, SALT, salt)


def _place(path: Path, content: bytes, say: Say) -> bool:
    if not path.exists():
        atomic_files.write(path, content, mode=0o644)
        say(f"Written: '{path}'.")
        return True
    if path.read_bytes() != content:
        beside = path.with_name(f"{path.name}{BESIDE}")
        atomic_files.write(beside, content, mode=0o644)
        say(f"Keeping '{path}', which differs from the one in the backup; that one is next to it as '{beside.name}'.")
    return False
