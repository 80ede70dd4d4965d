from pathlib import Path

from tools.python.tracking.tracking.removed_records import RemovedRecords


def test_paths_are_kept_until_they_are_forgotten(tmp_path: Path) -> None:
    RemovedRecords(tmp_path / "removed.db").add("0/a", 1)
    records = RemovedRecords(tmp_path / "removed.db")
    records.add("0/b", 2)
    records.add("0/c", 3)
    records.add("0/a", 2)

    assert records.before(1) == []
    assert records.before(2) == ["0/a", "0/b"]
    records.forget("0/a")
    assert records.before(3) == ["0/b", "0/c"]


def test_nothing_was_removed_yet(tmp_path: Path) -> None:
    assert RemovedRecords(tmp_path / "removed.db").before(1) == []
