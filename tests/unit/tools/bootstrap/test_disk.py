from pathlib import Path

import pytest

from tools.bootstrap import disk
from tools.bootstrap.bootstrap_errors import BootstrapError


def test_too_little_space_says_how_much_is_needed_where_and_what_is_free(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet" / "made"
    with pytest.raises(BootstrapError, match=r"building x: 1048576\.0 GiB .*made', [\d.]+ GiB are free") as caught:
        disk.require(folder, 1024**5, doing="building x")
    assert "Nothing was started" in str(caught.value)
    assert not (tmp_path / "not").exists()


def test_enough_space_is_no_reason_to_speak(tmp_path: Path) -> None:
    disk.require(tmp_path / "not-yet-made", 1, doing="building x")
