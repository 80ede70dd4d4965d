"""Checks side by side: one that fails or hangs hides no other."""

import threading
import time
from collections.abc import Iterator

import pytest

from infra.errors import EngineUnreachableError
from mlw.diagnosis.findings import Finding, Group
from mlw.diagnosis.parallel_checks import run_checks

FOUND = Finding(group=Group.KEY_VAULT, code="Sealed", message="x")


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What a check waits for that hangs, until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_all_findings_of_all_checks_come_back() -> None:
    other = Finding(group=Group.OTHER, code="NetworkMissing", message="y")

    found = run_checks({"a": lambda: [FOUND], "b": lambda: iter([other]), "c": list})

    assert set(found) == {FOUND, other}


def test_a_check_that_hangs_is_told_in_time_and_the_others_are_kept(never: threading.Event) -> None:
    def hang() -> list[Finding]:
        never.wait()
        return []

    started = time.monotonic()
    # Long enough for the other check to run on a busy machine.
    found = run_checks({"the vault": hang, "b": lambda: [FOUND]}, deadline_seconds=1)

    assert time.monotonic() - started < 10
    assert [(finding.code, finding.message) for finding in found] == [
        ("Sealed", "x"),
        ("CheckFailed", "checking the vault failed: no result in 1 s"),
    ]


def test_a_check_that_breaks_is_a_finding() -> None:
    def broken() -> list[Finding]:
        raise ValueError("odd answer")

    (finding,) = run_checks({"the vault": broken})

    assert finding.message == "checking the vault failed: ValueError: odd answer"


def test_what_the_user_has_to_act_on_first_ends_everything() -> None:
    def unreachable() -> list[Finding]:
        raise EngineUnreachableError("no engine")

    with pytest.raises(EngineUnreachableError, match="no engine"):
        run_checks({"a": lambda: [FOUND], "b": unreachable})
