"""`mlw watch`: a table of a workspace's services that refreshes in place."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from mlw.command import DONE, FAILED, FAILURE, INTERRUPTED, command
from mlw.command_options import OPTIONAL_STACK
from mlw.data_output import Format, Output, prints_data
from mlw.operation.service_status import Rates, ServiceStatus, Watcher
from mlw.output import table
from mlw.stacks.stacks import open_stack

HEADINGS = ("SERVICE", "STATE", "CHECK", "CPU", "MEMORY", "LIMIT", "RESTARTS")
RATE_HEADINGS = ("REQUESTS OF", "PER SECOND", "FAILED", "AVG", "P95")
_HOME, _REST_OF_LINE, _REST_OF_SCREEN, _CLEAR = "\x1b[H", "\x1b[K", "\x1b[J", "\x1b[2J"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_NONE = "-"


@command(
    examples=("mlw watch", "mlw watch dev --interval 5", "mlw watch dev --once -o json"),
    exit_codes={
        DONE: "with --once: every service is ready",
        FAILED: f"with --once: a service is not ready; or it {FAILURE}",
        INTERRUPTED: "stopped with Ctrl-C",
    },
)
@OPTIONAL_STACK
@click.option("--once", is_flag=True, help="Print once and exit.")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(min=0.5),
    default=2.0,
    help="Pause between two refreshes; the default is 2.",
)
@prints_data(Format.TABLE, has_json_flag=True)
def watch(stack: str, *, once: bool, interval: float, output: Output) -> int:
    """Watch the services of a workspace.

    Shows whether each service responds, how long that took, CPU time and memory, and the requests of the last minute
    where the workspace's telemetry can be queried. On a terminal the table refreshes in place; otherwise each refresh
    is one line. Ctrl-C ends it.
    """
    watched = open_stack(stack)
    watcher, rates = Watcher(watched), Rates(watched)
    if once:
        found, requests = watcher.look(), rates.look()
        data = {"services": [one.as_json() for one in found], "requests": requests}
        output.print(data, lambda: render(found, requests, has_rates=rates.exist))
        return DONE if all(one.is_ready for one in found) else FAILED
    if not (output.is_text and sys.stdout.isatty()):
        return _lines(watcher, rates, interval, output)
    print(_HIDE_CURSOR + _CLEAR, end="")
    try:
        while True:
            _refresh(stack, render(watcher.look(), rates.look(), has_rates=rates.exist))
            time.sleep(interval)
    finally:
        print(_SHOW_CURSOR)


def render(found: Sequence[ServiceStatus], requests: Sequence[Mapping[str, Any]], *, has_rates: bool) -> str:
    """The table for people."""
    services = table(HEADINGS, [_row(one) for one in found])
    if not has_rates:
        return services
    rows = [
        (
            str(one["cloud_RoleName"]),
            f"{one['perSecond']:.2f}",
            str(one["failed"]),
            _number(one["average"], " ms"),
            _number(one["p95"], " ms"),
        )
        for one in requests
    ]
    return f"{services}\n\n{table(RATE_HEADINGS, rows) if rows else 'No requests in the last minute.'}"


def line(found: Sequence[ServiceStatus], requests: Sequence[Mapping[str, Any]], *, has_rates: bool) -> str:
    """One refresh as one line."""
    words = [f"{one.service}={one.state.replace(' ', '-')},{_number(one.memory, 'MiB')}" for one in found]
    if has_rates:
        words.append(f"requests={sum(one['count'] for one in requests)}/min")
        words.append(f"failed={sum(one['failed'] for one in requests)}/min")
    return " ".join([f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", *words])


def _lines(watcher: Watcher, rates: Rates, interval: float, output: Output) -> int:
    while True:
        found, requests = watcher.look(), rates.look()
        if output.is_text:
            print(line(found, requests, has_rates=rates.exist), flush=True)
        else:
            output.print({"services": [one.as_json() for one in found], "requests": requests})
            sys.stdout.flush()
        time.sleep(interval)


def _refresh(stack: str, text: str) -> None:
    """Overwrite the last refresh without clearing the screen first, which would flicker."""
    title = f"Workspace '{stack}', {datetime.now(UTC):%H:%M:%S} UTC. Ctrl-C ends."
    lines = [title, "", *text.splitlines()]
    print(_HOME + "".join(f"{shown}{_REST_OF_LINE}\n" for shown in lines) + _REST_OF_SCREEN, end="", flush=True)


def _row(one: ServiceStatus) -> tuple[str, ...]:
    return (
        one.service,
        one.state,
        _number(one.milliseconds, " ms"),
        _number(one.cpu, " %"),
        _number(one.memory, " MiB"),
        _number(one.limit, " MiB"),
        str(one.restarts),
    )


def _number(value: float | None, unit: str) -> str:
    return _NONE if value is None else f"{value:.1f}{unit}"
