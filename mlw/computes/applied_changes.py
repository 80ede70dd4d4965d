"""One change of a stack file, for one compute: checked, shown, written and applied, as `mlw update` does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.host.environment import Caller
from mlw.data_output import Output

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlw.lifecycle.stack_context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change of a stack file, for one compute."""

    context: Context
    before: str
    caller: Caller
    name: str

    def apply(
        self, after: str, output: Output, events: str | None, *, when_valid: Callable[[], None] = lambda: None
    ) -> int:
        """Check the changed file, show the difference, write it, and bring the stack up.

        Args:
            after: The changed file.
            output: How the compute is printed.
            events: Where events go.
            when_valid: Called before anything is written; raises what else is against it.
        """
        from mlw.computes.compute_reports import document_of  # noqa: PLC0415 - as above
        from mlw.lifecycle.display import show as say  # noqa: PLC0415 - as above
        from mlw.provisioning import proposals, runs  # noqa: PLC0415 - as above

        runs.refuse_mixed(output, events)
        proposal = proposals.propose(self.context, after, umask=self.caller.umask)
        proposal.check()
        when_valid()
        with runs.messages(output, events):
            if difference := proposal.difference():
                say(difference)
        return runs.interruptible(
            lambda: runs.apply(
                proposal,
                output,
                yes=True,
                events=events,
                question="",
                unchanged="",
                result=lambda applied: document_of(applied.stack, self.name),
            )
        )

    def write_after(self, edit: Callable[[str], str]) -> None:
        """Edit the file once more, without an update: what it then says is already so."""
        from infra.stack_files.stack_file import open_stack_file  # noqa: PLC0415 - as above
        from mlw.provisioning import proposals  # noqa: PLC0415 - as above

        text = edit(open_stack_file(self.context.stack_file).text)
        proposals.propose(self.context, text, umask=self.caller.umask).write()


def change_of(stack: str, name: str, caller: Caller) -> Change:
    """Begin to change a stack file."""
    from infra.stack_files.stack_file import open_stack_file  # noqa: PLC0415 - as above
    from mlw.lifecycle import stack_context  # noqa: PLC0415 - as above

    context = stack_context.load(stack, os.environ)
    context.require_stack_file()
    return Change(context=context, before=open_stack_file(context.stack_file).text, caller=caller, name=name)
