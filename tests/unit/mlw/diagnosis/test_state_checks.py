"""Findings about locks and about updates that did not end."""

import json
import os
import socket
from datetime import UTC, datetime, timedelta

import pytest

from mlw.diagnosis.findings import Group, Level
from mlw.diagnosis.state_checks import check_locks, check_updates
from mlw.stacks.stacks import open_stack
from tests.unit.states import Place, a_workspace


def _lock(place: Place, *, pid: int, host: str) -> None:
    folder = place.state / ".pulumi" / "locks" / "organization" / "ml-workspace" / "churn"
    folder.mkdir(parents=True)
    # A second later than now, since the start time distinguishes a process from an older one with the same id.
    since = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    lock = {"pid": pid, "username": "ana", "hostname": host, "timestamp": since}
    (folder / "1.json").write_text(json.dumps(lock), encoding="utf-8")


@pytest.mark.parametrize(
    ("pid", "host", "code"),
    [
        (os.getpid(), socket.gethostname(), "OperationRunning"),
        (2**22 + 1, socket.gethostname(), "LockLeftBehind"),
        (1, "elsewhere", "LockedElsewhere"),
    ],
    ids=["owner lives", "owner is dead", "another machine's"],
)
def test_a_lock_is_told_with_its_owner(place: Place, pid: int, host: str, code: str) -> None:
    place.deploy("churn")
    _lock(place, pid=pid, host=host)

    (finding,) = check_locks(open_stack("churn"))

    assert (finding.group, finding.code, finding.level) == (Group.RESOURCE_LOCK, code, Level.WARNING)
    assert f"ana@{host}, process {pid}" in finding.message


def test_a_stack_without_locks_and_whole_is_well(place: Place) -> None:
    place.deploy("churn")
    stack = open_stack("churn")

    assert [*check_locks(stack), *check_updates(stack)] == []


def test_a_first_update_that_did_not_end_is_told(place: Place) -> None:
    place.deploy("churn", a_workspace("churn", outputs={}))

    (finding,) = check_updates(open_stack("churn"))

    assert (finding.group, finding.code, finding.level) == (Group.OTHER, "UpdateUnfinished", Level.ERROR)
    assert "Run `make up STACK=churn`, which finishes it." in finding.message


def test_operations_of_a_killed_run_are_told(place: Place) -> None:
    path = place.deploy("churn")
    document = json.loads(path.read_text(encoding="utf-8"))
    volume = document["checkpoint"]["latest"]["resources"][-1]
    document["checkpoint"]["latest"]["pending_operations"] = [{"type": "creating", "resource": volume}]
    path.write_text(json.dumps(document), encoding="utf-8")

    (finding,) = check_updates(open_stack("churn"))

    assert (finding.group, finding.code, finding.level) == (Group.OTHER, "UpdateInterrupted", Level.WARNING)
    assert "killed in the middle of 1 operation(s)" in finding.message
