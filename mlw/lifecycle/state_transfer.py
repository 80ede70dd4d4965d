"""Exports a stack's whole state from one backend and imports it into another: decrypted in memory only.

Uses the CLI, so it works with any backend; the imported state is encrypted for the passphrase of the receiving stack.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from infra.clients.state.state_secrets import is_secret
from mlw.lifecycle import pulumi_cli, stack_locks, state_files
from mlw.lifecycle.display import Say
from mlw.lifecycle.lifecycle_errors import LifecycleError, OperationFailedError
from mlw.lifecycle.pulumi_operations import ensure_stack
from mlw.lifecycle.stack_context import Context

Exported = dict[str, Any]
"""`version` and `deployment`, as `pulumi stack export --show-secrets` prints them."""


def export_state(context: Context) -> Exported:
    """The whole state with decrypted secrets: never write it to a disk or a log.

    Raises:
        WrongPassphraseError: The passphrase does not decrypt the state.
    """
    printed = pulumi_cli.query(context, ["stack", "export", "--show-secrets", f"--stack={context.stack}"])
    return dict(json.loads(printed))


def import_state(context: Context, exported: Exported) -> None:
    """Import a state into a stack, which is created if it does not exist, and read it back.

    Raises:
        LifecycleError: The backend returned something else than was written.
        OperationFailedError: The CLI refuses.
    """
    ensure_stack(context)
    providers = _secrets_providers(context)
    if not providers:
        # The CLI was killed while it created the stack, before it had chosen an encryption.
        pulumi_cli.query(context, [*pulumi_cli.remove_stack(context), "--force"])
        ensure_stack(context)
        providers = _secrets_providers(context)
    deployment = {**exported["deployment"], "secrets_providers": providers}
    content = json.dumps({**exported, "deployment": deployment})
    arguments = ["stack", "import", f"--stack={context.stack}", "--non-interactive", f"--cwd={context.workdir}"]
    pulumi_cli.query(context, arguments, stdin=content)
    state_files.keep_safe(context)
    if not same_resources(export_state(context), exported):
        raise LifecycleError(
            f"writing the state of stack '{context.stack}' to '{context.backend_url}': the backend returned "
            "something else than was written. Run the command again."
        )


def clear_own_lock(context: Context, *, say: Say) -> None:
    """Clear Pulumi's lock of a stack that an interrupted command of ours has left in a backend.

    In a file backend the lock tells whether its owner is alive; in any other backend the caller has to know that no
    other command works on the stack.

    Raises:
        StackBusyError: Another command is working on it.
    """
    if context.backend_folder is not None:
        stack_locks.clear_stale(context, say=say)
        return
    with contextlib.suppress(OperationFailedError):
        pulumi_cli.query(context, ["cancel", context.stack, "--yes", "--non-interactive"])


def same_resources(one: Exported, other: Exported) -> bool:
    """Whether two exported states are equal, including secrets, however these are marked."""
    return bool(_plain(one["deployment"].get("resources")) == _plain(other["deployment"].get("resources")))


def _secrets_providers(context: Context) -> Any:  # noqa: ANN401 - JSON
    """How the receiving stack encrypts its secrets; empty if it is incomplete."""
    empty = pulumi_cli.query(context, ["stack", "export", f"--stack={context.stack}"])
    return (json.loads(empty)["deployment"] or {}).get("secrets_providers")


def _plain(value: object) -> object:
    if isinstance(value, dict):
        if is_secret(value) and "plaintext" in value:
            return {"secret": _plain(json.loads(value["plaintext"]))}
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value
