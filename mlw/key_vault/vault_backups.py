"""`mlw keyvault backup` and `mlw keyvault restore`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from infra.clients.key_vault import vault_snapshot as client
from infra.clients.key_vault.vault_setup import Setup
from infra.errors import SnapshotError
from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE, STACK
from mlw.key_vault.vault_access import access
from mlw.lifecycle import stack_locks
from mlw.lifecycle.display import show as say
from mlw.lifecycle.pulumi_cli import INTERRUPTIONS
from mlw.stacks.stacks import open_stack


@command(
    examples=("mlw keyvault backup dev vault.snap",),
    exit_codes={DONE: "written", FAILED: FAILURE},
    records=Recorded(operation="Microsoft.KeyVault/vaults/backup/action", resource="keyVault"),
    progress="writing the snapshot",
)
@STACK
@click.argument("file", metavar="FILE", type=FILE, help="Where to write; an existing file is replaced.")
def back_up(stack: str, file: Path) -> int:
    """Write a snapshot of a key vault to a file.

    Everything in the key vault, encrypted as on its volume; only you can read the file (mode 0600). Only the unseal key
    of the stack decrypts it: keep the state and its passphrase too. The key vault keeps working meanwhile.
    """
    if file.exists() and not file.is_file():
        # The snapshot replaces its target, which would destroy a device such as /dev/null.
        raise SnapshotError(f"backing up a key vault into '{file}': it is not a file. Give the path of a file.")
    vault_of = access(open_stack(stack))
    with _usable(file, "backing up"), vault_of.connected("backing up the secrets") as vault:
        size = client.back_up(vault, file)
    print(f"Written: '{file}', {size} bytes. It can be used only with the state of stack '{stack}'.")
    return DONE


@command(
    examples=("mlw keyvault restore dev vault.snap",),
    exit_codes={DONE: "restored, the key vault is unsealed", FAILED: FAILURE},
    records=Recorded(operation="Microsoft.KeyVault/vaults/restore/action", resource="keyVault"),
    progress="restoring the snapshot",
)
@STACK
@click.argument("file", metavar="FILE", type=FILE, help="A file that `mlw keyvault backup` wrote.")
def restore(stack: str, file: Path) -> int:
    """Restore a key vault from a snapshot.

    The secrets of users are restored. The token of the stack, policies, the logins of principals and the credentials of
    datastores stay as they are now, and every session ends. A file that is not a snapshot of this key vault changes
    nothing. The restore cannot be interrupted; if it is killed, `make refresh` and `make up` finish it. Uses the unseal
    key of the stack, so it needs the passphrase of the state.
    """
    workspace = open_stack(stack)
    with stack_locks.exclusive(workspace.context, "mlw keyvault restore", say=say):
        vault_of = access(workspace)
        with (
            _usable(file, "restoring"),
            vault_of.connected("restoring", as_administrator=False) as vault,
            _finishing(),
        ):
            client.restore(
                vault,
                file,
                unseal_key=vault_of.props["unseal_key"],
                setup=Setup.of(vault_of.props),
                token=vault_of.props["token"],
            )
    print(f"Restored: key vault '{vault_of.name}' was restored from '{file}' and is unsealed.")
    return DONE


@contextmanager
def _finishing() -> Iterator[None]:
    """Defer interruptions: a half restored vault accepts neither the stack's token nor any login."""

    def later(_number: int, _frame: object) -> None:
        say("Still restoring: an incomplete restore would leave a key vault that accepts no login ...")

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
