from pathlib import Path

import pytest

from tools.bootstrap import disk, memory


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two processors, 12 GiB of free memory and no limit."""
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CONTAINER_LIMITS", (tmp_path / "memory.max",))
    monkeypatch.setattr(memory, "processors", lambda: 2)
    free(tmp_path, 12)
    return tmp_path


def free(machine: Path, gib: int) -> None:
    kib = gib * disk.GIB // 1024
    (machine / "meminfo").write_text(f"MemTotal:       99999999 kB\nMemAvailable:   {kib} kB\nHugePages_Total:  0\n")


def test_three_processes_share_three_quarters_of_the_free_memory(machine: Path) -> None:
    assert machine.exists()
    assert memory.go_settings({}) == {"GOGC": "off", "GOMEMLIMIT": str(3 * disk.GIB)}


def test_with_little_memory_garbage_is_collected(machine: Path) -> None:
    free(machine, 3)
    assert memory.go_settings({}) == {}


def test_the_limit_of_a_container_counts(machine: Path) -> None:
    (machine / "memory.max").write_text(f"{4 * disk.GIB}\n")
    assert memory.go_settings({}) == {"GOGC": "off", "GOMEMLIMIT": str(disk.GIB)}


def test_a_container_without_a_limit_gets_what_the_machine_has(machine: Path) -> None:
    (machine / "memory.max").write_text("max\n")
    assert memory.available() == 12 * disk.GIB


@pytest.mark.parametrize("name", ["GOGC", "GOMEMLIMIT"])
def test_a_setting_of_the_user_stays(machine: Path, name: str) -> None:
    assert machine.exists()
    assert memory.go_settings({name: "50"}) == {}


def test_a_system_that_does_not_tell_keeps_the_default(machine: Path) -> None:
    (machine / "meminfo").unlink()
    assert memory.available() is None
    assert memory.go_settings({}) == {}


def test_there_is_at_least_one_processor() -> None:
    assert memory.processors() >= 1
