"""Checks the chain of the activity log: every record that was altered, removed, added or moved is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlw.activity import activity_places, event_log
from mlw.activity.event_log import ORIGIN, Head


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem in the log.

    Attributes:
        file: Name of the file.
        line: Its line; 0 for the end of the log.
        problem: What is wrong.
    """

    file: str
    line: int
    problem: str


@dataclass(slots=True)
class Verdict:
    """Result of a check.

    Attributes:
        records: How many records there are.
        head: The last one; a digest that was noted elsewhere proves that nothing before it was changed.
        findings: What is wrong.
    """

    records: int = 0
    head: Head = field(default_factory=Head)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    file: str
    number: int
    record: dict[str, Any] | None


def verify(expected: str = "") -> Verdict:
    """Check the whole log.

    Args:
        expected: A digest that was noted earlier; the log has to contain it.
    """
    verdict = Verdict()
    seen = {ORIGIN}
    for line in _lines():
        verdict.records += 1
        _check(line, verdict)
        if line.record is not None:
            seen.add(verdict.head.digest)
    _check_end(verdict, seen)
    if expected and expected not in seen:
        verdict.findings.append(Finding("", 0, f"no record has the digest '{expected}' that was noted earlier"))
    return verdict


def _lines() -> Iterator[_Line]:
    for path in event_log.segments():
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if line:
                yield _Line(path.name, number, _record(line))


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
        complete = {"sequence": int, "previous": str, "digest": str, "event": dict}
        return record if all(isinstance(record[key], of) for key, of in complete.items()) else None
    except (ValueError, LookupError, TypeError):
        return None


def _check(line: _Line, verdict: Verdict) -> None:
    """Compare a record with the one before it, and move the head to it."""
    before, record = verdict.head, line.record
    if record is None:
        _add(verdict, line, f"record {before.sequence + 1} is not readable")
        # Its own digest is lost; the next record says what it was.
        verdict.head = Head(before.sequence + 1, "")
        return
    sequence, digest = record["sequence"], record["digest"]
    if sequence > before.sequence + 1:
        missing = (
            f"record {sequence - 1}"
            if sequence == before.sequence + 2
            else (f"records {before.sequence + 1} to {sequence - 1}")
        )
        _add(
            verdict,
            line,
            f"{missing} before record {sequence} are missing"
            if "to" in missing
            else (f"{missing} before record {sequence} is missing"),
        )
    elif sequence <= before.sequence:
        _add(verdict, line, f"record {sequence} comes after record {before.sequence}: it was moved or repeated")
    elif before.digest and record["previous"] != before.digest:
        _add(verdict, line, f"record {sequence} does not follow the record before it: one of them was replaced")
    if digest != event_log.digest_of(sequence, record["previous"], record["event"]):
        _add(verdict, line, f"record {sequence} was altered")
    verdict.head = Head(max(sequence, before.sequence), digest)


def _check_end(verdict: Verdict, seen: set[str]) -> None:
    noted = event_log.read_head()
    if noted is None:
        if verdict.records:
            verdict.findings.append(Finding(activity_places.head().name, 0, "it is missing or damaged"))
    elif noted.sequence > verdict.head.sequence:
        first, last = verdict.head.sequence + 1, noted.sequence
        what = f"record {last} is" if first == last else f"records {first} to {last} are"
        verdict.findings.append(Finding(activity_places.head().name, 0, f"{what} missing at the end of the log"))
    elif noted.digest not in seen:
        verdict.findings.append(
            Finding(activity_places.head().name, 0, f"record {noted.sequence} is not the one that was written")
        )


def _add(verdict: Verdict, line: _Line, problem: str) -> None:
    verdict.findings.append(Finding(line.file, line.number, problem))


def path_of(finding: Finding) -> Path:
    """The file that a finding is about."""
    return activity_places.folder() / finding.file
