"""One holder at a time; waiting processes name the holder, and a removed file locks nothing."""

import fcntl
import os
import stat
from pathlib import Path
from typing import IO

import pytest

from infra.host import file_locks
from infra.host.file_locks import LockHeldError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "one.lock"


def test_a_lock_is_refused_with_its_holder(path: Path) -> None:
    with (
        file_locks.hold(path, "make up"),
        pytest.raises(LockHeldError, match=rf"^make up \(process {os.getpid()}, since \d\d:\d\d:\d\d\)$"),
        file_locks.hold(path, "make down", wait_seconds=0),
    ):
        pytest.fail("two held the lock")


def test_a_refusal_can_be_an_error_of_the_callers(path: Path) -> None:
    with (
        file_locks.hold(path, "make up"),
        pytest.raises(ValueError, match="busy: make up"),
        file_locks.hold(path, "x", wait_seconds=0, refuse=lambda holder: ValueError(f"busy: {holder}")),
    ):
        pytest.fail("two held the lock")


def test_a_lock_that_is_held_if_free_tells_its_holders_text_until_it_is_free(path: Path) -> None:
    path.parent.mkdir()
    assert file_locks.holder(path) is None
    with file_locks.hold_if_free(path, "4711") as held:
        assert (held, file_locks.holder(path)) == (True, "4711")
        with file_locks.hold_if_free(path, "another") as again:
            assert not again
        assert file_locks.holder(path) == "4711"
    assert file_locks.holder(path) is None
    assert path.read_text() == ""


def test_a_waiting_process_names_the_holder_once_and_continues_when_it_ends(path: Path) -> None:
    first, told = file_locks.hold(path, "make up"), list[str]()
    first.__enter__()

    def end_the_first(holder: str) -> None:
        told.append(holder)
        first.__exit__(None, None, None)

    with file_locks.hold(path, "make down", on_wait=end_the_first):
        assert path.read_text().startswith("make down (process ")
    assert [holder.partition(" (")[0] for holder in told] == ["make up"]


@pytest.mark.parametrize("ended", [True, False], ids=["well", "with an error"])
def test_a_free_lock_has_no_holder(path: Path, ended: bool) -> None:  # noqa: FBT001 - a table
    """Before the fix, the bootstrap's lock still named its last holder."""
    try:
        with file_locks.hold(path, "make up"):
            assert ended
    except AssertionError:
        pass
    assert path.read_text() == ""


def test_a_lock_and_its_folder_are_private(path: Path) -> None:
    with file_locks.hold(path, "make up"):
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_lock_can_be_tried_without_waiting(path: Path) -> None:
    with file_locks.hold(path, "make up"), file_locks.hold_if_free(path) as free:
        assert not free
    with file_locks.hold_if_free(path) as free:
        assert free
        with pytest.raises(LockHeldError), file_locks.hold(path, "make down", wait_seconds=0):
            pytest.fail("two held the lock")


def test_a_lock_on_a_file_that_was_removed_meanwhile_does_not_count(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make down` removes the file while holding it; claims and bootstrap did not check for that before the fix."""
    real_flock, removals = fcntl.flock, iter([path.unlink])

    def flock_after_its_holder_removed_the_file(lock: IO[str], operation: int) -> None:
        for remove in removals:
            remove()
        real_flock(lock, operation)

    monkeypatch.setattr(fcntl, "flock", flock_after_its_holder_removed_the_file)
    with (
        file_locks.hold(path, "make up"),
        pytest.raises(LockHeldError, match="make up"),
        file_locks.hold(path, "make down", wait_seconds=0),
    ):
        pytest.fail("two held the lock")
