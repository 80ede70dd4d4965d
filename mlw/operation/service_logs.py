"""`mlw logs`: what a service has written to its container's log."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from infra.clients.engine import container_logs
from infra.errors import MlWorkspaceError
from infra.rules.stack import expiry
from mlw.command import DONE, FAILED, FAILURE, INTERRUPTED, command
from mlw.command_options import OPTIONAL_STACK
from mlw.operation.service_names import container_of
from mlw.stacks.stacks import open_stack

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters, of which a terminal could make anything, except tab and line feed."""

_SECONDS = re.compile(r"(\d{1,8})s")


class SinceError(MlWorkspaceError):
    """`--since` is neither a length of time nor a time."""


@command(
    examples=("mlw logs storage", "mlw logs keyVault dev --tail 20", "mlw logs telemetry dev --since 10m --follow"),
    exit_codes={DONE: "printed", FAILED: FAILURE, INTERRUPTED: "interrupted, the usual end of --follow"},
)
@click.argument(
    "service",
    metavar="SERVICE",
    help="storage, registry, keyVault, telemetry, insights, tracking, inference or storage.NAME; or Azure's name.",
)
@OPTIONAL_STACK
@click.option("--follow", "-f", is_flag=True, help="Print new lines as they come, until Ctrl-C.")
@click.option("--since", metavar="TIME", help="Only lines since then: a length (30s, 10m, 2h, 1d) or an ISO 8601 time.")
@click.option("--tail", metavar="LINES", type=click.IntRange(min=0), help="Only this many lines at the end.")
@click.option("--timestamps", is_flag=True, help="Begin each line with its time.")
def logs(service: str, stack: str, *, follow: bool, since: str | None, tail: int | None, timestamps: bool) -> int:
    """Print the log of a service.

    Also works if its container has stopped. Services do not log credentials; the audit log of the key vault has them
    hashed only.
    """
    moment = since_when(since) if since else None
    container = container_of(open_stack(stack), service).name
    read = container_logs.read(container, follow=follow, since=moment, tail=tail, timestamps=timestamps)
    _print(read)
    return DONE


def since_when(text: str, now: datetime | None = None) -> datetime:
    """Read `--since`.

    Raises:
        SinceError: It is neither a length of time nor a time.
    """
    present = now or datetime.now(UTC)
    if seconds := _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(present.timestamp() - int(seconds[1]), UTC)
    if length := expiry.parse_duration(text):
        return present - length
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise SinceError(
            f"reading --since '{text}': neither a length of time nor a time. Write e.g. 30s, 10m, 2h, 1d or "
            "2026-11-29T20:15:00Z."
        ) from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _print(chunks: Iterator[str]) -> None:
    is_terminal = sys.stdout.isatty()
    for chunk in chunks:
        # A client chooses part of what a service logs: it must not control the terminal of whoever reads it.
        text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", chunk) if is_terminal else chunk
        sys.stdout.write(text)
        sys.stdout.flush()
