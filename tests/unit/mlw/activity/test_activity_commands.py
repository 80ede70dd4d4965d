"""`mlw activity list` and `verify`: filters, order, formats, exit codes."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from mlw.activity import event_log, events
from mlw.activity.events import Operation, Run, Status
from mlw.command import DONE, FAILED, REFUSED
from mlw.main import main

NOW = datetime.now(UTC)


def record(hours_ago: float, *, stack: str, name: str = "write", caller: str = "ada@lab", failed: bool = False) -> None:
    run = Run(id=f"run-{hours_ago}", correlation_id=f"c-{hours_ago}", caller=caller, stack=stack, started=NOW)
    group = f"/subscriptions/s/resourceGroups/rg-{stack}"
    operation = Operation(
        name=f"Microsoft.KeyVault/vaults/{name}", resource_id=f"{group}/providers/Microsoft.KeyVault/vaults/kv-{stack}"
    )
    status = Status.FAILED if failed else Status.SUCCEEDED
    event_log.append([events.event(run, operation, status, at=NOW - timedelta(hours=hours_ago))])


@pytest.fixture(autouse=True)
def _log() -> None:
    record(1, stack="dev")
    record(30, stack="dev", name="delete")
    record(2, stack="prod", caller="bob@lab", failed=True)
    record(3, stack="dev", name="secrets/getSecret/action")


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["activity", "list", *arguments, "--query", "[].correlationId", "-o", "tsv"]) == DONE
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], ["c-1", "c-2", "c-3"], id="a day"),
        pytest.param(["dev"], ["c-1", "c-3"], id="stack"),
        pytest.param(["--offset", "90m"], ["c-1"], id="offset"),
        pytest.param(["--offset", "2d"], ["c-1", "c-2", "c-3", "c-30"], id="longer offset"),
        pytest.param(
            ["--start-time", f"{NOW - timedelta(hours=40)}", "--end-time", f"{NOW - timedelta(hours=2.5)}"],
            ["c-3", "c-30"],
            id="start and end",
        ),
        pytest.param(["--caller", "BOB@lab"], ["c-2"], id="caller"),
        pytest.param(["--correlation-id", "c-3"], ["c-3"], id="correlation id"),
        pytest.param(["--resource-group", "RG-PROD"], ["c-2"], id="resource group"),
        pytest.param(["--resource-id", "/subscriptions/s/resourcegroups/rg-prod"], ["c-2"], id="below a resource"),
        pytest.param(["--resource-id", "/subscriptions/s/resourceGroups/rg-pro"], [], id="not by prefix of a name"),
        pytest.param(["--status", "failed"], ["c-2"], id="status"),
        pytest.param(["--operation", "microsoft.keyvault/vaults/secrets"], ["c-3"], id="operation"),
        pytest.param(["dev", "--status", "Failed"], [], id="all filters have to match"),
    ],
)
def test_filters(capsys: pytest.CaptureFixture[str], arguments: Sequence[str], expected: list[str]) -> None:
    assert listed(capsys, *arguments) == expected


def test_more_events_than_the_maximum_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["activity", "list", "--max-events", "2", "-o", "json"]) == DONE

    shown = capsys.readouterr()
    assert [event["correlationId"] for event in json.loads(shown.out)] == ["c-1", "c-2"]
    assert "there are more than 2 events" in shown.err


def test_the_table_says_its_time_range(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["activity", "list"]) == DONE

    shown = capsys.readouterr()
    assert shown.err.startswith("Time range: ")
    assert "Microsoft.KeyVault/vaults/write" in shown.out
    assert main(["activity", "list", "nowhere"]) == DONE
    assert "No events" in capsys.readouterr().out


def test_a_wrong_time_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["activity", "list", "--offset", "soon"]) == REFUSED
    assert "reading --offset 'soon'" in capsys.readouterr().err


def test_verify_prints_the_digest_and_accepts_it_later(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["activity", "verify", "--query", "digest", "-o", "tsv"]) == DONE
    digest = capsys.readouterr().out.strip()
    record(0.5, stack="dev")

    assert main(["activity", "verify", "--head", digest]) == DONE
    assert "Unchanged: 5 records" in capsys.readouterr().out


def test_verify_names_the_line_that_was_altered(capsys: pytest.CaptureFixture[str]) -> None:
    log = event_log.segments()[0]
    log.write_text(log.read_text().replace("bob@lab", "ada@lab"))

    assert main(["activity", "verify"]) == FAILED
    assert "log-000001.jsonl, line 3: record 3 was altered" in capsys.readouterr().out
