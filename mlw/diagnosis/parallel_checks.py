"""Runs checks in parallel with a deadline, so that a hanging service cannot hang the diagnosis."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from infra.errors import MlWorkspaceError
from mlw.diagnosis.findings import Finding, Group

DEADLINE_SECONDS = 20.0
"""For all checks together; each request has its own shorter timeout."""

Check = Callable[[], Iterable[Finding]]


def run_checks(checks: Mapping[str, Check], *, deadline_seconds: float = DEADLINE_SECONDS) -> list[Finding]:
    """Run all checks at once.

    A check that fails unexpectedly, or does not end, becomes a finding and hides no other.

    Args:
        checks: Maps what is checked, for messages, to the check.
        deadline_seconds: When to give up waiting.

    Raises:
        MlWorkspaceError: What the user has to act on before anything can be checked.
    """
    done: queue.Queue[tuple[str, list[Finding] | MlWorkspaceError]] = queue.Queue()
    for what, check in checks.items():
        threading.Thread(target=_run, args=(what, check, done), daemon=True).start()
    waiting, findings = set(checks), list[Finding]()
    deadline = time.monotonic() + deadline_seconds
    while waiting:
        try:
            what, outcome = done.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return [*findings, *(_unknown(what, f"no result in {deadline_seconds:g} s") for what in waiting)]
        if isinstance(outcome, MlWorkspaceError):
            raise outcome
        waiting.discard(what)
        findings += outcome
    return findings


def _run(what: str, check: Check, done: queue.Queue[tuple[str, list[Finding] | MlWorkspaceError]]) -> None:
    try:
        done.put((what, list(check())))
    except MlWorkspaceError as exc:
        done.put((what, exc))
    except Exception as exc:  # reported as a finding: a diagnosis has to survive the unexpected
        done.put((what, [_unknown(what, f"{type(exc).__name__}: {exc}")]))


def _unknown(what: str, why: str) -> Finding:
    return Finding(group=Group.OTHER, code="CheckFailed", message=f"checking {what} failed: {why}")
