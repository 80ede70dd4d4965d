"""Stacks of a backend: a file backend is read as files, any other through the Pulumi CLI."""

import json
from collections.abc import Callable, Sequence

import pytest

from mlw.lifecycle import pulumi_cli
from mlw.lifecycle.lifecycle_errors import DamagedStateError, WrongPassphraseError
from mlw.lifecycle.stack_context import Context
from mlw.main import main
from mlw.stacks.stacks import names, open_stack, open_stacks
from tests.unit.states import CREDENTIALS, Place, a_record, a_workspace

Answer = Callable[[str, str], None]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Make the Pulumi CLI print something for a command line; any other is an error of the test."""
    printed: dict[str, str] = {}

    def query(_context: Context, arguments: Sequence[str]) -> str:
        return printed[" ".join(arguments)]

    monkeypatch.setattr(pulumi_cli, "query", query)
    return printed.__setitem__


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, cli: Answer) -> None:
    """A backend that is no folder, with one stack."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    cli("stack ls --json", json.dumps([{"name": "organization/ml-workspace/churn"}]))
    exported = {"version": 3, "deployment": {"resources": a_workspace("churn")}}
    cli("stack export --stack=churn", json.dumps(exported))


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

        with pytest.raises(DamagedStateError, match="reading the state of stack 'churn': it holds nothing but zeros"):
            open_stack("churn")

    def test_a_damaged_state_is_told_when_all_are_read(self, place: Place) -> None:
        place.deploy("churn").write_bytes(b"")
        place.deploy("fraud")
        told: list[str] = []

        assert [stack.name for stack in open_stacks(told.append)] == ["fraud"]
        assert told == ["reading the state of stack 'churn': it is empty."]

    def test_a_compressed_state_is_left_to_the_cli(self, place: Place, cli: Answer) -> None:
        (place.states / "churn.json.gz").write_bytes(b"")
        cli("stack export --stack=churn", json.dumps({"deployment": {"resources": a_workspace("churn")}}))

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

    def test_credentials_are_printed(self, cli: Answer, capsys: pytest.CaptureFixture[str]) -> None:
        cli("stack output credentials --json --show-secrets --stack=churn", json.dumps(CREDENTIALS))

        assert main(["keys", "churn"]) == 0
        assert json.loads(capsys.readouterr().out) == CREDENTIALS

    def test_a_wrong_passphrase_is_one_message(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def query(_context: Context, _arguments: Sequence[str]) -> str:
            raise WrongPassphraseError("decrypting the secrets of stack 'churn': the passphrase is not the one.")

        monkeypatch.setattr(pulumi_cli, "query", query)

        assert main(["keys", "churn"]) == 1
        expected = "mlw: decrypting the secrets of stack 'churn': the passphrase is not the one.\n"
        assert capsys.readouterr() == ("", expected)
