"""How the processes of a run find its trace: an environment variable, and span ids that follow from names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

VARIABLE = "MLW_TRACE"
"""The trace of a run: id, root span and the file that spans are written to; set by `make up` for its processes."""

PARENT = "TRACEPARENT"
"""W3C trace context of whoever starts a run, e.g. a pipeline."""

DISABLED = "OTEL_SDK_DISABLED"
"""OpenTelemetry's own switch."""

_CONTEXT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The trace of one run."""

    trace_id: str
    root: str
    """Id of the span of the whole run."""
    file: Path
    """Spans as JSON lines."""

    @property
    def value(self) -> str:
        """The value of the environment variable."""
        return f"00-{self.trace_id}-{self.root}-01 {self.file}"

    def span_of(self, urn: str) -> str:
        """Id of the span of a resource: the engine does not pass it on, so each process derives it."""
        return blake2b(f"{self.trace_id} {urn}".encode(), digest_size=8).hexdigest()


def current(environment: Mapping[str, str] = os.environ) -> TraceContext | None:
    """The trace of the run that this process belongs to; None if there is none."""
    context, _, file = environment.get(VARIABLE, "").partition(" ")
    found = parse(context)
    return TraceContext(*found, Path(file)) if found and file else None


def parse(context: str) -> tuple[str, str] | None:
    """Trace id and span id of a W3C trace context; None if it is invalid."""
    found = _CONTEXT.fullmatch(context.strip())
    return (found[1], found[2]) if found and int(found[1], 16) and int(found[2], 16) else None


def is_disabled(environment: Mapping[str, str]) -> bool:
    """Whether the user has turned traces off."""
    return environment.get(DISABLED, "").strip().lower() == "true"
