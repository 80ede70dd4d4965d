import os
import subprocess
import sys
from pathlib import Path

from tests.support.footprint import files_below, growth, processes_with


def test_new_and_grown_files_are_named_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "same").write_text("x")
    (tmp_path / "grows").write_text("x")
    before = files_below([tmp_path])
    (tmp_path / "grows").write_text("x" * 100)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "new").write_text("")

    found = growth(before, files_below([tmp_path]), spare_bytes=50)

    assert found == [f"{tmp_path}/grows: 1 to 100 bytes", f"{tmp_path}/sub/new: new, 0 bytes"]


def test_growth_within_the_limit_and_removed_files_do_not_count(tmp_path: Path) -> None:
    assert growth({"a": 1, "gone": 5}, {"a": 51}, spare_bytes=50) == []


def test_process_is_found_by_a_variable_of_its_environment() -> None:
    command = [sys.executable, "-c", "print('on', flush=True); input()"]
    env = {**os.environ, "MLW_TEST": "mine"}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        running.stdout.readline()
        found = processes_with("MLW_TEST", "mine")
        running.communicate("\n")

    assert len(found) == 1
    assert processes_with("MLW_TEST", "mine") == []
