import os
from pathlib import Path

import pytest

from tests.support.probes import probe_until
from tests.support.processes import command_lines, kill_session, run, session_members, start

HERE = Path(__file__).parent


def test_streams_and_exit_code_of_a_finished_command_are_kept() -> None:
    finished = run(["sh", "-c", "cat; echo problem >&2; exit 3"], cwd=HERE, env=os.environ, stdin="hello\n")

    assert (finished.exit_code, finished.stdout, finished.stderr) == (3, "hello\n", "problem\n")


def test_failed_command_is_reported_with_its_output() -> None:
    finished = run(["sh", "-c", "echo problem >&2; exit 3"], cwd=HERE, env=os.environ)

    with pytest.raises(AssertionError, match=r"ended with 3:\nproblem"):
        finished.check()


def test_command_over_its_time_is_ended_with_all_its_children() -> None:
    with pytest.raises(AssertionError, match=r"did not end within 0\.3 s"):
        run(["sh", "-c", "sleep 60 & sleep 60"], cwd=HERE, env=os.environ, timeout_seconds=0.3)


def test_command_line_of_a_running_process_is_seen() -> None:
    process = start(["sleep", "12.345"], cwd=HERE, env=os.environ)

    def seen() -> None:
        assert "sleep 12.345" in command_lines()

    probe_until(seen, what="the command line", timeout_seconds=5)
    kill_session(process.pid)
    process.communicate()


def test_killing_a_session_reaches_children_in_a_process_group_of_their_own() -> None:
    # "set -m" gives background jobs their own group, as Pulumi does with its plugins.
    process = start(["bash", "-c", "set -m; sleep 60 & sleep 60 & wait"], cwd=HERE, env=os.environ)

    def three_members() -> None:
        assert len(session_members(process.pid)) == 3

    probe_until(three_members, what="a shell and its two jobs", timeout_seconds=10)

    kill_session(process.pid)
    process.communicate()

    assert session_members(process.pid) == []
