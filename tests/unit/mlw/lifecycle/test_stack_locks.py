"""Locks: cleared only when their owner is certainly gone, never a live one; waiting has a limit and says for whom."""

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlw.lifecycle import stack_locks
from mlw.lifecycle.lifecycle_errors import StackBusyError
from mlw.lifecycle.stack_context import Context
from mlw.lifecycle.stack_locks import Verdict
from tests.unit.states import Heard, a_context, write


def a_lock(**changes: object) -> bytes:
    lock = {
        "pid": os.getpid(),
        "username": "ada",
        "hostname": socket.gethostname(),
        "timestamp": datetime.now(UTC).isoformat(),
    }
    return json.dumps(lock | changes).encode()


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def put(context: Context, content: bytes, name: str = "one") -> Path:
    assert context.pulumi_locks
    write(context.pulumi_locks / f"{name}.json.attrs", b"{}")
    return write(context.pulumi_locks / f"{name}.json", content)


@pytest.mark.parametrize(
    ("content", "alive", "verdict"),
    [
        pytest.param(a_lock(hostname="here"), True, Verdict.LIVE, id="live"),
        pytest.param(a_lock(hostname="here"), False, Verdict.STALE, id="dead process"),
        pytest.param(a_lock(hostname="there"), False, Verdict.FOREIGN, id="another host"),
        pytest.param(
            a_lock(hostname="here", timestamp="2026-11-21T22:24:57.123456789Z"), True, Verdict.LIVE, id="Go time"
        ),
        pytest.param(b"", True, Verdict.STALE, id="zero bytes"),
        pytest.param(b'{"pid": 12', True, Verdict.STALE, id="torn"),
        pytest.param(b"[]", True, Verdict.STALE, id="another kind of JSON"),
        pytest.param(b'{"pid": 12}', True, Verdict.STALE, id="no host"),
        pytest.param(a_lock(hostname="here", timestamp="yesterday"), True, Verdict.STALE, id="no time"),
    ],
)
def test_verdict_on_a_lock_file(content: bytes, alive: bool, verdict: Verdict) -> None:  # noqa: FBT001 - a table
    assert stack_locks.judge(content, hostname="here", is_alive=lambda _pid, _since: alive)[0] is verdict


def test_the_owner_is_asked_for_by_id_and_time() -> None:
    asked: list[tuple[int, datetime]] = []

    def is_alive(pid: int, since: datetime) -> bool:
        asked.append((pid, since))
        return True

    stack_locks.judge(
        a_lock(hostname="here", pid=7, timestamp="2026-11-21T10:00:00Z"), hostname="here", is_alive=is_alive
    )
    assert asked == [(7, datetime(2026, 11, 21, 10, tzinfo=UTC))]


def test_the_lock_of_a_dead_process_is_cleared_with_its_description(tmp_path: Path) -> None:
    context, heard = a_context(tmp_path), Heard()
    path = put(context, a_lock(pid=dead_pid()))
    assert stack_locks.clear_stale(context, say=heard, wait=0) == 1
    assert not path.exists()
    assert not path.with_name("one.json.attrs").exists()
    assert "Clearing the stale lock of a killed run (ada@" in heard.text


def test_the_lock_of_a_reused_process_id_is_cleared(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    put(context, a_lock(timestamp=(datetime.now(UTC) - timedelta(days=400)).isoformat()))
    assert stack_locks.clear_stale(context, say=Heard(), wait=0) == 1


def test_a_live_lock_stays_and_its_owner_is_named(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    live, stale = put(context, a_lock()), put(context, b"", "two")
    with pytest.raises(StackBusyError, match=rf"locked by ada@.*process {os.getpid()}"):
        stack_locks.clear_stale(context, say=Heard(), wait=0)
    assert live.exists()
    assert not stale.exists()


def test_a_lock_of_another_host_stays_and_is_not_waited_for(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    path = put(context, a_lock(hostname="elsewhere.example", pid=dead_pid()))
    with pytest.raises(StackBusyError, match=r"elsewhere.example.*pulumi cancel -s dev"):
        stack_locks.clear_stale(context, say=Heard(), wait=3600)
    assert path.exists()


def test_without_locks_nothing_is_cleared(tmp_path: Path) -> None:
    assert stack_locks.clear_stale(a_context(tmp_path), say=Heard(), wait=0) == 0


def test_a_second_command_is_told_who_works_on_the_stack(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    with (
        stack_locks.exclusive(context, "make up", say=Heard(), wait=0),
        pytest.raises(StackBusyError, match=rf"busy: make up \(process {os.getpid()}, since .*MLW_LOCK_WAIT_SECONDS"),
        stack_locks.exclusive(context, "make down", say=Heard(), wait=0),
    ):
        pytest.fail("two commands held the lock")


def test_a_command_says_on_what_it_waits_and_goes_on_when_that_ends(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    first = stack_locks.exclusive(context, "make up", say=Heard(), wait=0)
    first.__enter__()

    def end_the_first(text: str) -> None:
        assert text.startswith("Waiting for make up (process ")
        first.__exit__(None, None, None)

    with stack_locks.exclusive(context, "make down", say=end_the_first, wait=30):
        assert "make down" in context.lock_file.read_text()


def test_two_stacks_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with (
        stack_locks.exclusive(a_context(tmp_path), "make up", say=Heard(), wait=0),
        stack_locks.exclusive(a_context(tmp_path, stack="fraud"), "make up", say=Heard(), wait=0),
    ):
        pass


def test_pulumis_own_lock_is_held_in_its_own_form_and_given_back(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    with stack_locks.hold_pulumi_lock(context):
        (held,) = stack_locks.pulumi_locks(context)
        assert held.verdict is Verdict.LIVE
        assert {"pid", "username", "hostname", "timestamp"} == set(json.loads(held.path.read_bytes()))
    assert stack_locks.pulumi_locks(context) == []


def test_pulumis_own_lock_is_refused_while_pulumi_holds_it(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    path = put(context, a_lock())
    with pytest.raises(StackBusyError, match="is busy: locked by ada@"), stack_locks.hold_pulumi_lock(context):
        pytest.fail("two held the lock")
    assert [lock.path for lock in stack_locks.pulumi_locks(context)] == [path]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7.5", 7.5), ("-1", 0.0), ("soon", 120.0), ("", 120.0)],
    ids=["number", "negative", "word", "empty"],
)
def test_waiting_time(monkeypatch: pytest.MonkeyPatch, value: str, seconds: float) -> None:
    monkeypatch.setenv("MLW_LOCK_WAIT_SECONDS", value)
    assert stack_locks.wait_seconds() == seconds


def test_a_user_without_a_name_can_hold_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container that runs as a number nobody has given a name to."""
    monkeypatch.delenv("USER", raising=False)
    context = a_context(tmp_path)
    with stack_locks.hold_pulumi_lock(context):
        (held,) = stack_locks.pulumi_locks(context)
    assert held.owner.startswith(f"uid {os.getuid()}@")
