"""Commands that are recorded: before and after, with the resource, never with a secret."""

from pathlib import Path

import pytest

from mlw.activity import event_log
from mlw.activity.events import Event
from mlw.activity.recorded import Recorded
from mlw.activity.recording import recorded
from mlw.command import DONE, FAILED, Command
from mlw.command_table import COMMANDS
from mlw.main import main
from mlw.stacks.stacks import Stack, context_of
from tests.unit.states import CREDENTIALS, Place, resource_id

LIST_KEYS = "Microsoft.MachineLearningServices/workspaces/listKeys/action"

RECORDED = {
    "deleted recover": "Microsoft.MachineLearningServices/workspaces/recover/action",
    "deleted purge": "Microsoft.MachineLearningServices/workspaces/purge/action",
    "keys show": LIST_KEYS,
    "keys rotate": "Microsoft.MachineLearningServices/workspaces/rotateKeys/action",
    "registry gc": "Microsoft.ContainerRegistry/registries/collectGarbage/action",
    "secrets show": "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "secrets set": "Microsoft.KeyVault/vaults/secrets/setSecret/action",
    "secrets delete": "Microsoft.KeyVault/vaults/secrets/delete",
    "secrets recover": "Microsoft.KeyVault/vaults/secrets/recover/action",
    "secrets purge": "Microsoft.KeyVault/vaults/secrets/purge/action",
    "secrets sweep": "Microsoft.KeyVault/vaults/secrets/purge/action",
    "keyvault backup": "Microsoft.KeyVault/vaults/backup/action",
    "keyvault restore": "Microsoft.KeyVault/vaults/restore/action",
    "backup": "Microsoft.MachineLearningServices/workspaces/backup/action",
    "move": "Microsoft.MachineLearningServices/workspaces/moveState/action",
}


def events() -> list[Event]:
    return list(event_log.read_events(newest_first=False))


def test_commands_that_are_recorded() -> None:
    commands = {row.path: row.load() for row in COMMANDS}
    found = {
        path: command.records.operation
        for path, command in commands.items()
        if isinstance(command, Command) and command.records
    }

    assert {path: found.get(path) for path in RECORDED} == RECORDED


def test_listing_keys_is_recorded_without_the_keys(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.deploy("dev")
    monkeypatch.setattr(Stack, "credentials", lambda _: CREDENTIALS)

    assert main(["keys", "show", "dev"]) == DONE

    found = events()
    assert [(event["operationName"], event["status"], event["resourceId"]) for event in found] == [
        (LIST_KEYS, "Started", resource_id("dev", "workspace")),
        (LIST_KEYS, "Succeeded", resource_id("dev", "workspace")),
    ]
    assert found[0]["correlationId"] == found[1]["correlationId"]
    assert "secret-of-storage" in capsys.readouterr().out
    assert "secret-of-storage" not in event_log.segments()[0].read_text()


def test_a_command_that_fails_is_recorded_as_failed(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.deploy("dev")

    assert main(["keys", "show", "dev", "--principal", "dora"]) == FAILED

    assert "no such principal" in capsys.readouterr().err
    assert [event["status"] for event in events()] == ["Started", "Failed"]
    assert events()[1]["properties"] == {"principal": "dora", "statusMessage": "NoSuchPrincipalError"}


def test_an_exit_code_is_a_failure(place: Place) -> None:
    place.deploy("dev")
    with recorded(context_of("dev"), Recorded(operation="A/b/action"), {}) as outcome:
        outcome["exitCode"] = 130

    assert [(event["status"], event["properties"]) for event in events()] == [
        ("Started", {}),
        ("Failed", {"exitCode": 130}),
    ]


def test_a_command_on_an_unknown_stack_is_not_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "show", "nowhere"]) == FAILED
    assert "no such stack" in capsys.readouterr().err
    assert events() == []


def test_a_command_that_only_shows_is_not_recorded(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.deploy("dev")
    main(["deleted", "purge", "dev"])
    assert capsys.readouterr().err
    assert events() == []


@pytest.mark.parametrize(
    ("arguments", "applies"),
    [
        pytest.param({"stack": "dev", "yes": True, "dry_run": False}, True, id="both"),
        pytest.param({"stack": "dev", "yes": False, "dry_run": False}, False, id="without the option"),
        pytest.param({"stack": "dev", "yes": True, "dry_run": True}, False, id="dry run"),
        pytest.param({"stack": None, "yes": True, "dry_run": False}, False, id="no stack"),
    ],
)
def test_options_decide_whether_a_command_is_recorded(arguments: dict[str, object], *, applies: bool) -> None:
    assert Recorded(operation="A/b", when="yes", unless="dry_run").applies(arguments) is applies


def test_a_file_is_recorded_by_its_path(place: Place) -> None:
    place.deploy("dev")
    records = Recorded(operation="A/b", details=("name", "file"))
    with recorded(context_of("dev"), records, {"name": "churn", "file": Path("models/model.yml")}):
        pass

    assert [event["properties"] for event in events()] == [{"name": "churn", "file": "models/model.yml"}] * 2


def test_a_secret_is_named_below_the_key_vault(place: Place) -> None:
    resources = place.deploy("dev")
    assert resources.exists()
    records = Recorded(operation="A/b", resource="keyVault", below="/secrets/{name}")
    with recorded(context_of("dev"), records, {"name": "team/token"}):
        pass

    # Without the id of its key vault the workspace stands for it.
    assert events()[0]["resourceId"] == f"{resource_id('dev', 'workspace')}/secrets/team/token"
