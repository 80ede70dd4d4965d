"""Runs the Pulumi CLI: command lines, event stream, one graceful interruption.

A child runs in its own session, so Ctrl-C reaches it only through this module, and exactly once: at the first
interruption pulumi finishes running steps and writes its state, at a second one it would abort immediately.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from mlw.lifecycle import backend_sidecars, run_processes
from mlw.lifecycle.lifecycle_errors import (
    LockedError,
    OperationCancelledError,
    OperationFailedError,
    WrongPassphraseError,
)
from mlw.lifecycle.stack_context import Context, pulumi_command

Event = Mapping[str, Any]
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
QUERY_TIMEOUT_SECONDS = 60
GARBAGE_PERCENT = "400"
"""Heap growth of Pulumi's short-lived programs before a collection: 60 MiB for 5 % of the time."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    exit_code: int
    messages: str
    """What it wrote besides its events."""

    interrupted: bool


def operation(verb: str, context: Context, *extra: str) -> list[str]:
    """Build the arguments of a command that changes the stack: no questions, no preview, events as JSON lines."""
    return [
        verb,
        "--yes",
        "--skip-preview",
        "--non-interactive",
        "--json",
        "--color=never",
        f"--stack={context.stack}",
        f"--config-file={context.private_stack_file}",
        *extra,
    ]


def preview(context: Context) -> list[str]:
    """Build the arguments of a preview, in Pulumi's own form."""
    return [
        "preview",
        "--non-interactive",
        "--suppress-progress",
        f"--stack={context.stack}",
        f"--config-file={context.private_stack_file}",
    ]


def make_stack(context: Context) -> list[str]:
    """Build the arguments that create a stack without selecting it and without touching the checkout."""
    return [
        "stack",
        "init",
        context.stack,
        "--no-select",
        "--non-interactive",
        "--color=never",
        f"--cwd={context.workdir}",
    ]


def remove_stack(context: Context) -> list[str]:
    """Build the arguments that remove an empty stack with its backups, and keep the user's stack file."""
    return [
        "stack",
        "rm",
        context.stack,
        "--yes",
        "--remove-backups",
        "--preserve-config",
        "--non-interactive",
        "--color=never",
    ]


def forget_resource(context: Context, urn: str) -> list[str]:
    """Build the arguments that take a resource, protected or not, out of the state and touch nothing else."""
    return ["state", "delete", urn, "--force", "--yes", f"--stack={context.stack}", "--non-interactive"]


def query(context: Context, arguments: Sequence[str], *, stdin: str = "") -> str:
    """Run a short command and return what it prints.

    Args:
        context: The stack.
        arguments: The command.
        stdin: What it reads.

    Raises:
        ProjectNotFoundError: The CLI would find no project.
        OperationFailedError: It failed, or did not finish in time.
    """
    root, command = context.root, [pulumi_command(context.environment), *arguments]
    backend_sidecars.remove_damaged_attributes(context)
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=_environment(context, changes_stack=False),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=QUERY_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as exc:
        raise OperationFailedError(
            f"running 'pulumi {' '.join(arguments[:2])}' of stack '{context.stack}': no answer within "
            f"{QUERY_TIMEOUT_SECONDS} s. Run the command again."
        ) from exc
    raise_for(context, arguments, Outcome(done.returncode, done.stderr, interrupted=False))
    return done.stdout


def raise_for(context: Context, arguments: Sequence[str], outcome: Outcome) -> None:
    """Turn a failure into one message.

    Raises:
        OperationCancelledError: The user interrupted it.
        WrongPassphraseError: The secrets cannot be decrypted.
        LockedError: Another command is working on the stack; nothing was done.
        OperationFailedError: Anything else.
    """
    verb = " ".join(arguments[:2] if arguments[0] == "stack" else arguments[:1])
    doing = f"running 'pulumi {verb}' of stack '{context.stack}'"
    if "incorrect passphrase" in outcome.messages or "passphrase must be set" in outcome.messages:
        raise wrong_passphrase(context)
    if outcome.interrupted:
        raise OperationCancelledError(
            f"{doing}: interrupted; running steps were finished and recorded. Run the command again to continue."
        )
    if outcome.exit_code != 0:
        details = without_noise(outcome.messages)
        kind = LockedError if was_locked(outcome) else OperationFailedError
        raise kind(f"{doing}: failed{': ' + details if details else ''}.")


def was_locked(outcome: Outcome) -> bool:
    """Whether another command was working on the stack, so that nothing was done."""
    return outcome.exit_code != 0 and "stack is currently locked" in outcome.messages


def wrong_passphrase(context: Context) -> WrongPassphraseError:
    """The error for a passphrase that is not that of the state."""
    environment = context.environment
    if "PULUMI_CONFIG_PASSPHRASE" in environment:
        source = "the variable PULUMI_CONFIG_PASSPHRASE"
    else:
        source = f"the file '{environment.get('PULUMI_CONFIG_PASSPHRASE_FILE', '')}'"
    return WrongPassphraseError(
        f"decrypting the secrets of stack '{context.stack}': the passphrase in {source} is not the one that its "
        "state was created with. Nothing was changed. Set the right passphrase and run the command again."
    )


def without_noise(messages: str) -> str:
    """Drop lines that say nothing about the cause."""
    noise = ("error: update failed", "error: preview failed", "error: one or more")
    lines = [line.strip() for line in messages.splitlines() if line.strip() and not line.strip().startswith(noise)]
    return "\n".join(line.removeprefix("error: ") for line in lines).rstrip(".")


def run(
    context: Context, arguments: Sequence[str], *, on_event: Callable[[Event], None], say: Callable[[str], None]
) -> Outcome:
    """Run a command that changes the stack, and pass on its events as they arrive.

    Args:
        context: The stack.
        arguments: Made by :func:`operation`.
        on_event: Called with each engine event.
        say: Called with a message when the user interrupts.
    """
    child = subprocess.Popen(
        [pulumi_command(context.environment), *arguments],
        cwd=context.root,
        env=_environment(context, changes_stack=True),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    messages: list[str] = []
    with _interrupting_once(child, say) as interrupted, child:
        reader = threading.Thread(target=_collect, args=(child.stderr, messages), daemon=True)
        reader.start()
        _read_events(child.stdout, messages, on_event)
        exit_code = child.wait()
        reader.join()
    return Outcome(exit_code, "".join(messages), interrupted=bool(interrupted) and exit_code != 0)


def run_plain(context: Context, arguments: Sequence[str], *, to: int | None = None) -> int:
    """Run a command that changes nothing, with its output on the terminal.

    Args:
        context: The stack.
        arguments: The command.
        to: File descriptor for its standard output; by default that of this process.
    """
    command = [pulumi_command(context.environment), *arguments]
    backend_sidecars.remove_damaged_attributes(context)
    return subprocess.run(
        command,
        cwd=context.root,
        env=_environment(context, changes_stack=False),
        stdin=subprocess.DEVNULL,
        stdout=to,
        check=False,
    ).returncode


def _environment(context: Context, *, changes_stack: bool) -> dict[str, str]:
    # As in the guard in front of a plain `pulumi`.
    environment = {"GOGC": GARBAGE_PERCENT, **context.environment}
    if changes_stack:
        environment[run_processes.RUN_VARIABLE] = context.run
    return environment


def _collect(stream: IO[str] | None, into: list[str]) -> None:
    for line in stream or ():
        into.append(line)


def _read_events(stream: IO[str] | None, messages: list[str], on_event: Callable[[Event], None]) -> None:
    for line in stream or ():
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict):
            on_event(event)
        else:
            messages.append(line)


@contextmanager
def _interrupting_once(child: subprocess.Popen[str], say: Callable[[str], None]) -> Iterator[list[int]]:
    received: list[int] = []

    def forward(number: int, _frame: object) -> None:
        received.append(number)
        if len(received) > 1:
            say("Still stopping: waiting for running steps to finish ...")
            return
        say("Stopping: waiting for running steps to finish, starting nothing new ...")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGINT)

    previous = {number: signal.signal(number, forward) for number in INTERRUPTIONS}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
