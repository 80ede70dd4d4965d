"""The lock of an endpoint shows whether a change was interrupted."""

import threading
from pathlib import Path

import pytest

from infra.host import file_locks
from mlw.online_endpoints import endpoint_locks


def test_a_change_that_has_ended_was_not_interrupted(tmp_path: Path) -> None:
    path = endpoint_locks.path_of(tmp_path, "id", "Churn")

    assert not endpoint_locks.was_interrupted(path)
    with endpoint_locks.holding(path, "churn"):
        assert endpoint_locks.was_interrupted(path)
        with endpoint_locks.trying(path, "churn") as is_mine:
            assert not is_mine
    assert not endpoint_locks.was_interrupted(path)
    with endpoint_locks.trying(path, "churn") as is_mine:
        assert is_mine


def test_a_change_that_fails_is_remembered(tmp_path: Path) -> None:
    path = endpoint_locks.path_of(tmp_path, "id", "churn")

    with pytest.raises(ZeroDivisionError), endpoint_locks.holding(path, "churn"):
        raise ZeroDivisionError

    assert endpoint_locks.was_interrupted(path)
    assert endpoint_locks.interrupted(tmp_path, "id") == {"churn"}
    assert endpoint_locks.interrupted(tmp_path, "other") == set()


def test_one_process_of_a_stack_publishes_at_a_time(tmp_path: Path) -> None:
    with endpoint_locks.publishing(tmp_path, "id"):
        (lock,) = (tmp_path / "online-endpoints").iterdir()
        with file_locks.hold_if_free(lock) as is_mine:
            assert not is_mine
        # It is nobody's who changes an endpoint, whatever the name.
        with endpoint_locks.trying(endpoint_locks.path_of(tmp_path, "id", ""), "") as is_mine:
            assert is_mine


def test_a_lock_that_is_removed_with_its_endpoint_is_never_held_twice(tmp_path: Path) -> None:
    path, waits, is_free = endpoint_locks.path_of(tmp_path, "id", "churn"), threading.Event(), threading.Event()
    held = threading.Event()

    def wait() -> None:
        with endpoint_locks.holding(path, "churn", lambda _: waits.set()):
            held.set()
            is_free.wait(30)

    thread = threading.Thread(target=wait)
    with endpoint_locks.holding(path, "churn"):
        thread.start()
        assert waits.wait(30)
        path.unlink()
    assert held.wait(30)
    with endpoint_locks.trying(path, "churn") as is_mine:
        assert not is_mine
    is_free.set()
    thread.join()
