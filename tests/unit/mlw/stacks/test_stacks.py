"""Stacks of a backend: a file backend is read as files, any other through the Pulumi CLI."""

import json
from pathlib import Path

import pytest

from infra.clients.state import kept_keys
from infra.host import folders
from mlw.lifecycle.lifecycle_errors import DamagedStateError
from mlw.main import main
from mlw.stacks.stacks import names, open_stack, open_stacks
from tests.unit.states import (
    CREDENTIALS,
    KEY,
    PASSPHRASE,
    SECRET_SIGNATURE,
    FakeCli,
    Place,
    a_checkpoint,
    a_record,
    a_secret,
    a_workspace,
    the_outputs,
    write,
)


@pytest.fixture
def cli(tmp_path: Path) -> FakeCli:
    return FakeCli(tmp_path / "cache" / "bin")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: FakeCli) -> None:
    """A backend that is no folder, with one stack."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    listed = json.dumps([{"name": "organization/ml-workspace/churn"}])
    exported = write(
        tmp_path / "exported.json",
        json.dumps({"version": 3, "deployment": {"resources": a_workspace("churn")}}).encode(),
    )
    cli.does(f"""case "$*" in
    "stack ls --json") echo '{listed}' ;;
    "stack export --stack=churn") cat {exported} ;;
    *) exit 1 ;;
    esac""")


class TestFiles:
    """No process is started, no passphrase needed."""

    def test_stacks_are_the_state_files_and_backups_are_none(self, place: Place) -> None:
        place.deploy("fraud")
        place.deploy("churn")
        for other in ("churn.json.bak", "churn.json.attrs", "lake.json.gz"):
            (place.states / other).write_bytes(b"")

        assert names() == ["churn", "fraud", "lake"]

    def test_a_backend_that_was_never_used_has_none(self, place: Place) -> None:
        place.states.rmdir()

        assert names() == []

    def test_a_damaged_state_is_an_error_that_says_so(self, place: Place) -> None:
        place.deploy("churn").write_bytes(b"\0\0")

        with pytest.raises(DamagedStateError, match="reading the state of stack 'churn': it contains only zeros"):
            open_stack("churn")

    def test_a_damaged_state_is_told_when_all_are_read(self, place: Place) -> None:
        place.deploy("churn").write_bytes(b"")
        place.deploy("fraud")
        told: list[str] = []

        assert [stack.name for stack in open_stacks(told.append)] == ["fraud"]
        assert told == ["reading the state of stack 'churn': it is empty."]

    def test_a_compressed_state_is_left_to_the_cli(self, place: Place, cli: FakeCli) -> None:
        (place.states / "churn.json.gz").write_bytes(b"")
        cli.prints(json.dumps({"deployment": {"resources": a_workspace("churn")}}))

        assert open_stack("churn").workspace == a_record("churn")

    def test_an_update_that_did_not_end_still_has_a_workspace(self, place: Place) -> None:
        place.deploy("churn", a_workspace("churn", outputs={}))
        stack = open_stack("churn")

        assert (stack.is_complete, stack.workspace["name"]) == (False, "mlw-churn")

    def test_a_stack_without_resources_has_none(self, place: Place) -> None:
        place.deploy("churn", [])

        assert open_stack("churn").workspace == {}


@pytest.mark.usefixtures("elsewhere")
class TestOtherBackends:
    """Everything comes from the CLI."""

    def test_stacks_are_listed_by_the_cli(self) -> None:
        assert names() == ["churn"]

    def test_a_stack_is_the_exported_one(self) -> None:
        assert open_stack("churn").workspace == a_record("churn")

    def test_show_works(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["show", "churn"]) == 0
        assert json.loads(capsys.readouterr().out) == a_record("churn")


class TestKeys:
    """Secrets are decrypted only when they are asked for, and without the CLI if there is a passphrase."""

    @pytest.fixture(autouse=True)
    def _stack(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kept_keys, "derive_key", lambda _, text: KEY if text == PASSPHRASE else b"?" * 32)
        place.deploy("churn")

    def test_credentials_are_printed(self, cli: FakeCli, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["keys", "churn"]) == 0
        assert json.loads(capsys.readouterr().out) == CREDENTIALS
        assert cli.calls == []

    def test_credentials_are_those_of_now(self, place: Place) -> None:
        stack, rotated = open_stack("churn"), {**CREDENTIALS, "keyVault": {"token": "another"}}
        place.deploy("churn", a_workspace("churn", outputs=the_outputs("churn", credentials=a_secret(rotated))))

        assert stack.credentials() == rotated

    def test_a_key_service_is_asked_by_the_cli(
        self, place: Place, cli: FakeCli, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write(place.states / "churn.json", a_checkpoint(a_workspace("churn"), stack="churn", salt=None))
        plain = {**SECRET_SIGNATURE, "plaintext": json.dumps(CREDENTIALS)}
        exported = a_workspace("churn", outputs=the_outputs("churn", credentials=plain))
        cli.prints(json.dumps({"version": 3, "deployment": {"resources": exported}}))

        assert main(["keys", "churn"]) == 0
        assert json.loads(capsys.readouterr().out) == CREDENTIALS
        assert cli.calls == ["stack export --show-secrets --stack=churn"]

    def test_a_damaged_secret_is_one_message(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        path = place.states / "churn.json"
        text = path.read_text()
        sealed = json.loads(text)["checkpoint"]["latest"]["resources"][0]["outputs"]["credentials"]["ciphertext"]
        path.write_text(text.replace(sealed, f"{sealed[:-8]}AAAAAAA="))

        assert main(["keys", "churn"]) == 1
        shown = capsys.readouterr()
        assert shown.err.startswith("mlw: decrypting the secrets of stack 'churn': ")
        assert shown.err.endswith("The state is damaged. Nothing was changed. Restore its file from a backup.\n")

    def test_without_a_passphrase_there_is_one_message(self, capsys: pytest.CaptureFixture[str]) -> None:
        folders.passphrase().unlink()

        assert main(["keys", "churn"]) == 1
        assert capsys.readouterr().err.startswith("mlw: reading the passphrase of the state from ")

    def test_a_wrong_passphrase_is_one_message(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        passphrase = tmp_path / "home" / "passphrase"
        passphrase.write_text("wrong\n")

        assert main(["keys", "churn"]) == 1
        shown = capsys.readouterr()
        assert (shown.out, shown.err.count("\n")) == ("", 1)
        assert shown.err.startswith(
            f"mlw: decrypting the secrets of stack 'churn': the passphrase in the file '{passphrase}' is not the one "
        )
