"""Runs of the life cycle for commands: where its messages go, exit codes, and what is printed at the end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from mlw.command import DONE, FAILED, INTERRUPTED, PROGRAM
from mlw.data_output import Output
from mlw.lifecycle import run_events
from mlw.lifecycle.lifecycle_errors import OperationCancelledError
from mlw.lifecycle.stack_context import Context
from mlw.provisioning import questions
from mlw.provisioning.proposals import Proposal

_STDERR = 2


def refuse_mixed(output: Output, events: str | None) -> None:
    """Reject events and data on the same stream.

    Raises:
        UsageError: Both would be on standard output.
    """
    if events == run_events.STDOUT and not output.is_text:
        raise click.UsageError("--events - and --output exclude each other.", click.get_current_context())


@contextlib.contextmanager
def messages(output: Output | None = None, events: str | None = None) -> Iterator[int | None]:
    """Send messages to standard error where standard output is for data or events.

    Args:
        output: What is printed at the end.
        events: File for events, outside of the run that writes them.

    Yields:
        The file descriptor for other programs' output; None for standard output.
    """
    if (output is None or output.is_text) and events != run_events.STDOUT:
        yield None
        return
    with contextlib.redirect_stdout(sys.stderr):
        yield _STDERR


def interruptible(action: Callable[[], int]) -> int:
    """Run an action; an operation that the user interrupts in order has the exit code of an interruption."""
    try:
        return action()
    except OperationCancelledError as exc:
        print(f"{PROGRAM}: {exc}", file=sys.stderr)
        return INTERRUPTED


def apply(
    proposal: Proposal,
    output: Output,
    *,
    yes: bool,
    events: str | None,
    question: str,
    unchanged: str,
    result: Callable[[Context], object] | None = None,
) -> int:
    """Preview a proposal, ask, write the stack file, and bring the stack up.

    Args:
        proposal: Checked against the rules.
        output: What is printed at the end.
        yes: Neither preview nor ask.
        events: File for events.
        question: What is asked.
        unchanged: What is said if nothing is done.
        result: Makes the data that is printed at the end; by default the workspace's summary.
    """
    from mlw.lifecycle import stack_commands  # noqa: PLC0415 - 50 ms that help does not need

    with messages(output, events) as stream:
        if not yes:
            with proposal.in_private_file() as context:
                stack_commands.preview(context, to=stream)
            if not (questions.can_ask() and questions.confirm(question)):
                print(f"{PROGRAM}: {unchanged}", file=sys.stderr)
                return FAILED
    if proposal.is_change:
        proposal.write()
    with messages(output), run_events.reporting(events, proposal.context.stack):
        stack_commands.up(proposal.context)
    if not output.is_text:
        output.print((result or summary)(proposal.context))
    return DONE


def take_down(context: Context, events: str | None) -> int:
    """Remove a stack as `make down` does."""
    from mlw.lifecycle import down  # noqa: PLC0415 - as above

    with run_events.reporting(events, context.stack):
        down.down(context)
    return DONE


def summary(context: Context) -> dict[str, Any]:
    """The workspace record of a stack, and its endpoints."""
    from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - as above

    outputs = open_stack(context.stack).require_outputs()
    return {**outputs["workspace"], "endpoints": dict(outputs["endpoints"])}
