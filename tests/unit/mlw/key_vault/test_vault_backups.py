"""Where a backup of a key vault may go; what is in it is the matter of tests/integration/test_cli_key_vault.py."""

import os
import signal
from pathlib import Path

import pytest

from infra.clients.key_vault import vault_snapshot
from infra.clients.key_vault.vault_setup import Setup
from mlw.key_vault import vault_backups
from mlw.key_vault.vault_access import KeyVaultAccess
from mlw.main import main
from tests.unit.states import Place

VAULT = KeyVaultAccess(
    name="kv-churn",
    retention_days=90,
    purge_protection=False,
    props={
        **dict.fromkeys(Setup.__slots__, ""),
        "address": "http://127.0.0.1:1",
        "ca_certificate": "",
        "token": "t",
        "unseal_key": "k",
    },
)


def test_a_backup_takes_the_place_of_files_only(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As root it made a file of `/dev/null`."""
    place.deploy("churn")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    for target in (str(pipe), str(tmp_path), ".", ""):
        assert main(["keyvault", "backup", "churn", target]) == 1
        assert "it is not a file. Give the path of a file." in capsys.readouterr().err

    assert pipe.is_fifo()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_a_restore_is_finished_before_an_interruption_is_heard(
    number: signal.Signals, place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of one left a vault that took neither the stack's token nor any login."""
    done = []

    def restored(*_arguments: object, **_keywords: object) -> None:
        os.kill(os.getpid(), number)
        done.append("after the interruption")

    place.deploy("churn")
    monkeypatch.setattr(vault_backups, "access", lambda _stack: VAULT)
    monkeypatch.setattr(vault_snapshot, "restore", restored)
    before = signal.getsignal(number)

    assert main(["keyvault", "restore", "churn", "churn.snap"]) == 0

    assert done == ["after the interruption"]
    assert "Still restoring" in capsys.readouterr().out
    assert signal.getsignal(number) is before
