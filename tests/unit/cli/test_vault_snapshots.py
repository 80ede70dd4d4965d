"""Where a backup of a key vault may go; what is in it is the matter of tests/integration/test_cli_key_vault.py."""

import os
from pathlib import Path

import pytest

from infra.cli.main import main
from tests.unit.cli.building import Place


def test_a_backup_takes_the_place_of_files_only(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As root it made a file of `/dev/null`."""
    place.deploy("churn")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    for target in (str(pipe), str(tmp_path), ".", ""):
        assert main(["keyvault", "backup", "churn", target]) == 1
        assert "it is no file. Give the path of a file." in capsys.readouterr().err

    assert pipe.is_fifo()
