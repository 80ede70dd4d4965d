"""`mlw keyvault backup` and `mlw keyvault restore`."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.clients.key_vault import vault_snapshot as client
from infra.clients.key_vault.vault_setup import Setup
from infra.errors import SnapshotError
from mlw.command import DONE
from mlw.key_vault.vault_access import access
from mlw.lifecycle import stack_locks
from mlw.lifecycle.display import show as say
from mlw.lifecycle.pulumi_cli import INTERRUPTIONS
from mlw.stacks.stacks import open_stack


def back_up(options: argparse.Namespace) -> int:
    """Write a snapshot."""
    target = Path(options.file)
    if target.exists() and not target.is_file():
        # The snapshot takes its target's place, which would be the end of a device such as /dev/null.
        raise SnapshotError(f"backing up a key vault into '{target}': it is no file. Give the path of a file.")
    vault_of = access(open_stack(options.stack))
    with _usable(target, "backing up"), vault_of.connected("backing up the secrets") as vault:
        size = client.back_up(vault, target)
    print(f"Written: '{target}', {size} bytes. It is of use only with the state of stack '{options.stack}'.")
    return DONE


def restore(options: argparse.Namespace) -> int:
    """Put the vault back to a snapshot."""
    stack, source = open_stack(options.stack), Path(options.file)
    with stack_locks.exclusive(stack.context, "mlw keyvault restore", say=say):
        vault_of = access(stack)
        with (
            _usable(source, "restoring"),
            vault_of.connected("restoring", as_administrator=False) as vault,
            _finishing(),
        ):
            client.restore(
                vault,
                source,
                unseal_key=vault_of.props["unseal_key"],
                setup=Setup.of(vault_of.props),
                token=vault_of.props["token"],
            )
    print(f"Restored: key vault '{vault_of.name}' is as in '{source}', and open.")
    return DONE


@contextmanager
def _finishing() -> Iterator[None]:
    """Let interruptions wait: a vault that is half restored takes neither the stack's token nor any login."""

    def later(_number: int, _frame: object) -> None:
        say("Still restoring: half a restore would leave a key vault that lets nobody in ...")

    previous = {number: signal.signal(number, later) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _usable(file: Path, doing: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise SnapshotError(f"{doing} a key vault with file '{file}': {reason}. Nothing was changed.") from exc
