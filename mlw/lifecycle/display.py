"""Terminal output of an operation: one line for each changed resource, a summary, the endpoints last.

Consumes Pulumi's engine events. Unchanged resources, providers and the stack itself are left out; messages of the
program and of policies are shown without markup and without the text that Pulumi adds.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from infra.services import SERVICES
from mlw.lifecycle import run_events
from mlw.lifecycle.pulumi_cli import Event
from mlw.output import table

MARKUP = re.compile(r"<\{%.*?%\}>")
BRIDGE_ECHO = re.compile(r"^(?:error: )?sdk-v2/\S+\.go:\d+: ")
"""The Docker provider reports each error twice: first as a log line, then as the error."""

ERROR_LIST = re.compile(r"^1 error occurred:\s*\* ")
PROVIDER_NOISE = re.compile(
    r"^(?:error: )?(?:Exception calling application: |Program failed with an unhandled exception:\s*)"
)
SYMBOLS = {
    "create": "+",
    "create-replacement": "+",
    "update": "~",
    "replace": "+-",
    "delete": "-",
    "delete-replaced": "-",
    "refresh": "~",
    "read": ">",
}
SAYS_NOTHING = ("update failed", "preview failed", "context canceled", "Attempting to deploy or update resources with")
"""Recovery, or the destroy itself, takes care of the last one."""

PROGRAM_ENDED = "an unhandled error occurred: Program exited"
"""Says nothing after an error; where it is all there is, it is shown."""

Say = Callable[[str], None]
"""Prints a message, as :func:`show` does."""

HIDDEN_TYPES = ("pulumi:providers:", "pulumi:pulumi:Stack")
UNCHANGED = frozenset({"same", "read", "refresh"})


def show(text: str, stream: TextIO | None = None) -> None:
    """Print a message immediately.

    If the reader is gone (a closed terminal, `| head`), it is dropped: a running operation must not abort because of
    it.
    """
    target = stream or sys.stdout
    try:
        print(text, file=target, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, target.fileno())
        os.close(nowhere)


class Progress:
    """Prints the progress of one operation and collects its result."""

    def __init__(self, *, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._began: dict[str, float] = {}
        self._shown: set[str] = set()
        self._started = time.monotonic()
        self.changes: Mapping[str, int] = {}
        """Number of resources by operation, when it has finished."""
        self.errors: list[str] = []
        """Error messages, in order."""

    def on_event(self, event: Event) -> None:
        """Process one engine event."""
        if "resourcePreEvent" in event:
            self._began[event["resourcePreEvent"]["metadata"]["urn"]] = time.monotonic()
        elif "resOutputsEvent" in event:
            self._finished(event["resOutputsEvent"]["metadata"])
        elif "diagnosticEvent" in event:
            self._diagnostic(event["diagnosticEvent"])
        elif "policyEvent" in event:
            self._policy(event["policyEvent"])
        elif "summaryEvent" in event:
            self.changes = event["summaryEvent"].get("resourceChanges") or {}

    def _finished(self, step: Mapping[str, str]) -> None:
        symbol = SYMBOLS.get(step["op"])
        if symbol is None or step["type"].startswith(HIDDEN_TYPES) or step["op"] in UNCHANGED:
            return
        seconds = time.monotonic() - self._began.get(step["urn"], time.monotonic())
        kind, name = step["type"].rpartition(":")[2], step["urn"].rpartition("::")[2]
        run_events.emit("resource", operation=step["op"], resource=kind, name=name, seconds=round(seconds, 3))
        self._print(f"  {symbol:<2} {kind:<22} {name:<46} {seconds:5.1f} s")

    def _diagnostic(self, diagnostic: Mapping[str, str]) -> None:
        raw, severity = MARKUP.sub("", diagnostic.get("message", "")).strip(), diagnostic.get("severity", "")
        if severity == "debug" or diagnostic.get("ephemeral") or BRIDGE_ECHO.match(raw):
            return
        text = clean(raw)
        if not text or text in self._shown or text.startswith(SAYS_NOTHING):
            return
        if self.errors and text.startswith(PROGRAM_ENDED):
            return
        self._shown.add(text)
        run_events.emit("message", severity=severity, message=text)
        if severity == "error":
            self.errors.append(text)
        self._print(f"{severity}: {text}" if severity in {"error", "warning"} else text)

    def _policy(self, violation: Mapping[str, str]) -> None:
        level = violation.get("enforcementLevel", "")
        run_events.emit(
            "policyViolation",
            policy=violation.get("policyName"),
            enforcement=level,
            message=clean(violation.get("message", "")),
        )
        text = f"policy '{violation.get('policyName')}' ({level}): {clean(violation.get('message', ''))}"
        if level == "mandatory":
            self.errors.append(text)
        self._print(text)

    @property
    def seconds(self) -> float:
        """Time since the operation began."""
        return time.monotonic() - self._started

    @property
    def changed(self) -> int:
        """How many resources were changed."""
        return sum(count for op, count in self.changes.items() if op not in UNCHANGED)

    def summary(self) -> str:
        """Summarise the result in one line."""
        total = sum(self.changes.values())
        if not self.changed:
            return f"No changes: {total} resources are up to date ({self.seconds:.1f} s)."
        done = ", ".join(f"{count} {op}" for op, count in sorted(self.changes.items()) if op not in UNCHANGED)
        return f"Done: {done} ({self.seconds:.1f} s)."

    def _print(self, text: str) -> None:
        show(text, self._stream)


def clean(message: str) -> str:
    """Remove colour markup and Pulumi's prefixes from a message."""
    return ERROR_LIST.sub("", PROVIDER_NOISE.sub("", MARKUP.sub("", message).strip())).strip()


INDENT = "  "

ENDPOINTS: Mapping[str, str] = {
    endpoint.use: endpoint.title for service in SERVICES.values() for endpoint in service.endpoints
}
"""Maps the keys of the output `endpoints` to labels."""


def endpoints(stack: str, outputs: Mapping[str, object]) -> str:
    """The end of the output of `make up`: endpoints, and how to show the credentials."""
    found = outputs.get("endpoints")
    addresses = found if isinstance(found, Mapping) else {}
    known = [(ENDPOINTS.get(key, key), str(addresses[key])) for key in [*ENDPOINTS, *addresses] if key in addresses]
    rows = dict.fromkeys(known)
    credentials = f'eval "$(make -s env)" && pulumi stack output credentials --show-secrets -s {stack}'
    lines = [
        f"Workspace '{stack}' is ready.",
        "",
        table(("service", "endpoint"), rows, indent=INDENT),
        "",
        f"Credentials:  {credentials}",
    ]
    if outputs.get("certificateAuthority"):
        lines.append(f"Authority:    pulumi stack output certificateAuthority -s {stack} > ca.pem")
    return "\n".join(lines)
