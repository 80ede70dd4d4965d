"""What every command of `mlw` has in common: exit codes, examples, options that exclude each other.

A command is a function with the decorator :func:`command`, next to the code that it calls. Its docstring is its help:
the first line is what the list of commands shows. The function returns the exit code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from mlw import failures
from mlw.activity.recorded import Recorded
from mlw.lazy_group import Nesting

PROGRAM = "mlw"

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, failures.INTERRUPTED
"""Exit codes: done; failed, or found something; wrong command line, or nothing could be checked; interrupted."""

FAILURE = "failed; the message says why (no such stack, engine not running, wrong passphrase)"


class Command(Nesting):
    """One command.

    Attributes:
        examples: Command lines, shown in the help and in docs/cli.md.
        exit_codes: What each exit code means.
        on_error: Exit code for an error, which is shown as one message.
        exclusive: Groups of parameters, by name, of which at most one may be given.
        records: How it is recorded in the activity log; None for a command that is not.
        progress: What it does, for a command that prints nothing while it works; see :mod:`mlw.command_progress`.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - Click's own
        examples: Sequence[str],
        exit_codes: Mapping[int, str],
        on_error: int = FAILED,
        exclusive: Sequence[Sequence[str]] = (),
        records: Recorded | None = None,
        progress: str = "",
        **attributes: Any,  # noqa: ANN401 - Click's own
    ) -> None:
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)
        self.exit_codes = dict(exit_codes)
        self.on_error = on_error
        self.exclusive = tuple(exclusive)
        self.records = records
        self.progress = progress

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and reject options that exclude each other."""
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as exc:
            exc.ctx = exc.ctx or ctx  # an option without its value comes without
            raise
        if not ctx.resilient_parsing:
            for names in self.exclusive:
                self._refuse_several(ctx, names)
        return rest

    def _refuse_several(self, ctx: click.Context, names: Sequence[str]) -> None:
        shown = {param.name: param.opts[0] for param in self.params}
        given = [shown[name] for name in names if ctx.params[name]]
        if len(given) > 1:
            ctx.fail(f"{' and '.join(given)} exclude each other.")

    def invoke(self, ctx: click.Context) -> int:
        """Run the command; an error becomes one message and an exit code."""
        return failures.guarded(ctx.command_path, self.on_error, lambda: self._run(ctx))

    def _run(self, ctx: click.Context) -> int:
        from infra.host import environment  # noqa: PLC0415 - help and wrong command lines do not need it

        ctx.obj = environment.enter()
        if not self.progress:
            return self._recorded(ctx)
        from mlw import command_progress  # noqa: PLC0415 - likewise

        with command_progress.showing(self.progress):
            return self._recorded(ctx)

    def _recorded(self, ctx: click.Context) -> int:
        action = super().invoke
        if self.records is None or not self.records.applies(ctx.params):
            return int(action(ctx))
        from mlw.activity import recording  # noqa: PLC0415 - only commands that are recorded

        return recording.run(self.records, ctx.params, lambda: int(action(ctx)))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples and exit codes."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in self.exit_codes.items()])
        super().format_epilog(ctx, formatter)


def command(
    *,
    examples: Sequence[str],
    exit_codes: Mapping[int, str],
    on_error: int = FAILED,
    exclusive: Sequence[Sequence[str]] = (),
    records: Recorded | None = None,
    progress: str = "",
) -> Callable[[Callable[..., int]], Command]:
    """Make a command of a function; see :class:`Command`."""
    return click.command(
        cls=Command,
        examples=examples,
        exit_codes=exit_codes,
        on_error=on_error,
        exclusive=exclusive,
        records=records,
        progress=progress,
    )
