"""The lock of an endpoint shows whether a change was interrupted."""

from pathlib import Path

import pytest

from mlw.online_endpoints import endpoint_locks


def test_a_change_that_has_ended_was_not_interrupted(tmp_path: Path) -> None:
    path = endpoint_locks.path_of(tmp_path, "id", "Churn")

    assert not endpoint_locks.was_interrupted(path)
    with endpoint_locks.holding(path):
        assert endpoint_locks.was_interrupted(path)
        with endpoint_locks.trying(path) as is_mine:
            assert not is_mine
    assert not endpoint_locks.was_interrupted(path)
    with endpoint_locks.trying(path) as is_mine:
        assert is_mine


def test_a_change_that_fails_is_remembered(tmp_path: Path) -> None:
    path = endpoint_locks.path_of(tmp_path, "id", "churn")

    with pytest.raises(ZeroDivisionError), endpoint_locks.holding(path):
        raise ZeroDivisionError

    assert endpoint_locks.was_interrupted(path)


def test_locks_go_with_their_stack(tmp_path: Path) -> None:
    with endpoint_locks.holding(endpoint_locks.path_of(tmp_path, "id", "churn")):
        pass
    other = endpoint_locks.path_of(tmp_path, "other", "churn")
    with endpoint_locks.holding(other):
        pass

    endpoint_locks.forget(tmp_path, "id")

    assert [file.name for file in (tmp_path / "online-endpoints").iterdir()] == [other.name]
