"""Stacks of a backend: a file backend is read as files, any other through the Pulumi CLI."""

import json
from pathlib import Path

import pytest

from mlw.lifecycle.lifecycle_errors import DamagedStateError
from mlw.main import main
from mlw.stacks.stacks import names, open_stack, open_stacks
from tests.unit.states import CREDENTIALS, FakeCli, Place, a_record, a_workspace, write


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
    """Secrets are decrypted by the CLI alone, and only when they are asked for."""

    @pytest.fixture(autouse=True)
    def _stack(self, place: Place) -> None:
        place.deploy("churn")

    def test_credentials_are_printed(self, cli: FakeCli, capsys: pytest.CaptureFixture[str]) -> None:
        cli.prints(json.dumps(CREDENTIALS))

        assert main(["keys", "churn"]) == 0
        assert json.loads(capsys.readouterr().out) == CREDENTIALS
        assert cli.calls == ["stack output credentials --json --show-secrets --stack=churn"]

    def test_a_wrong_passphrase_is_one_message(
        self, tmp_path: Path, cli: FakeCli, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cli.fails("error: constructing secrets manager: incorrect passphrase")

        assert main(["keys", "churn"]) == 1
        shown = capsys.readouterr()
        passphrase = tmp_path / "home" / "passphrase"
        assert (shown.out, shown.err.count("\n")) == ("", 1)
        assert shown.err.startswith(
            f"mlw: decrypting the secrets of stack 'churn': the passphrase in the file '{passphrase}' is not the one "
        )
