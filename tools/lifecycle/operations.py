"""One operation of Pulumi's on a stack, with its course on the terminal and its state made safe afterwards."""

from __future__ import annotations

from tools.lifecycle import pulumi, stack_file, state_files
from tools.lifecycle.context import Context
from tools.lifecycle.display import Progress
from tools.lifecycle.display import show as say
from tools.lifecycle.errors import OperationFailedError


def perform(context: Context, verb: str, *extra: str) -> Progress:
    """Run `pulumi <verb>` on the stack.

    Args:
        context: The stack; it exists.
        verb: `up`, `destroy` or `refresh`.
        extra: Further arguments.

    Returns:
        What it came to.

    Raises:
        WrongPassphraseError: Before anything was touched.
        OperationCancelledError: The user interrupted it.
        OperationFailedError: It failed; the causes are on the terminal.
    """
    checkpoint = state_files.read(context)
    stack_file.write_private_copy(context, checkpoint.salt if checkpoint else None)
    arguments = pulumi.operation(verb, context, *extra)
    progress = Progress()
    try:
        outcome = pulumi.run(context, arguments, on_event=progress.on_event, say=say)
    finally:
        state_files.keep_safe(context)
    if progress.errors and outcome.exit_code != 0 and not outcome.interrupted:
        count = len(progress.errors)
        raise OperationFailedError(
            f"running 'pulumi {verb}' of stack '{context.stack}': it failed with {count} "
            f"error{'s' if count != 1 else ''}, shown above. Run the command again once the cause is gone."
        )
    pulumi.raise_for(context, arguments, outcome)
    return progress


def ensure_stack(context: Context) -> bool:
    """Make the stack where it does not exist yet.

    Returns:
        Whether it was made now.
    """
    if state_files.exists(context):
        return False
    stack_file.write_private_project(context)
    stack_file.write_private_copy(context, None)
    try:
        pulumi.query(context, pulumi.make_stack(context))
    except OperationFailedError as exc:
        if "already exists" in str(exc):
            return False
        raise
    return True
