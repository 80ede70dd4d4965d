"""A process is distinguished from a later one with the same id."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.host import processes


def test_a_process_that_started_before_is_alive() -> None:
    assert processes.is_alive(os.getpid(), since=datetime.now(UTC))


def test_a_process_that_started_later_is_another_one_of_the_same_id() -> None:
    assert not processes.is_alive(os.getpid(), since=datetime.now(UTC) - timedelta(days=400))


def test_a_process_that_ended_is_not_alive_even_while_its_remains_are_there() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.is_alive(child.pid, since=datetime.now(UTC))
    assert processes.find(child.pid) is None
    child.wait()
    assert processes.started_at(child.pid) is None


def test_a_certain_process_is_alive_only_as_itself() -> None:
    me = processes.find(os.getpid())
    assert me
    assert me.is_alive
    assert not replace(me, started=me.started - 1).is_alive


def test_a_removed_process_counts_as_dead_in_every_state_of_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the fix, the bootstrap recognised only zombies; the life cycle also recognised exiting processes."""
    (tmp_path / "7").mkdir()
    monkeypatch.setattr(processes, "PROC", tmp_path)
    for state, found in {"S": True, "Z": False, "X": False}.items():
        (tmp_path / "7" / "stat").write_text(f"7 (a (very) odd name) {state} 1 " + "0 " * 17 + "4711 0\n")
        assert (processes.find(7) is not None) is found


def test_without_start_times_any_process_of_the_id_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert processes.is_alive(os.getpid(), since=datetime.now(UTC) - timedelta(days=400))


def test_a_process_has_its_parents_up_to_the_first() -> None:
    assert processes.lineage(os.getpid())[:2] == [os.getpid(), os.getppid()]


def test_a_running_process_has_a_command_line_and_an_ended_one_has_none() -> None:
    command = [sys.executable, "-c", "print(flush=True); input()", "--target=x"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        assert processes.arguments_of(child.pid)[1:4] == command[1:]
        child.communicate(b"\n")
    assert processes.arguments_of(child.pid) == []
