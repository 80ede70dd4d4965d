"""The chain of records: appended durably, once each, and every change to it is found."""

import json
import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlw.activity import activity_places, event_log, events, verification
from mlw.activity.event_log import ActivityLogError
from mlw.activity.events import Event, Operation, Run, Status

AT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
GROUP = "/subscriptions/s/resourceGroups/rg-dev"


def an_event(number: int, status: Status = Status.SUCCEEDED) -> Event:
    run = Run(id=f"run-{number}", correlation_id="c", caller="ada@lab", stack="dev", started=AT)
    return events.event(run, Operation(name="Microsoft.KeyVault/vaults/write", resource_id=GROUP), status, at=AT)


def _append_many(first: int) -> None:
    for number in range(first, first + 10):
        event_log.append([an_event(number)])


@pytest.fixture
def log() -> Path:
    """A log with five records."""
    event_log.append([an_event(1), an_event(2)])
    event_log.append([an_event(3), an_event(4)])
    event_log.append([an_event(5)])
    return event_log.segments()[0]


def problems(expected: str = "") -> list[str]:
    return [f"{found.line} {found.problem}" for found in verification.verify(expected).findings]


def test_an_unchanged_log_has_no_findings(log: Path) -> None:
    verdict = verification.verify()

    assert verdict.findings == []
    assert (verdict.records, verdict.head) == (5, event_log.read_head())
    assert log.stat().st_mode & 0o777 == 0o600


def test_no_log_has_no_findings() -> None:
    assert verification.verify().findings == []
    assert list(event_log.read_events()) == []


def test_each_record_has_the_digest_of_its_predecessor(log: Path) -> None:
    records = [json.loads(line) for line in log.read_text().splitlines()]

    assert [record["sequence"] for record in records] == [1, 2, 3, 4, 5]
    assert [record["previous"] for record in records[1:]] == [record["digest"] for record in records[:-1]]
    assert records[0]["previous"] == event_log.ORIGIN


def _altered(lines: list[str]) -> list[str]:
    return [lines[0], lines[1].replace("ada@lab", "bob@lab"), *lines[2:]]


def _altered_with_its_digest(lines: list[str]) -> list[str]:
    record = json.loads(lines[1])
    record["event"]["caller"] = "bob@lab"
    record["digest"] = event_log.digest_of(2, record["previous"], record["event"])
    return [lines[0], json.dumps(record, separators=(",", ":")), *lines[2:]]


def _repeated(lines: list[str]) -> list[str]:
    return [*lines[:3], lines[1], *lines[3:]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(_altered, ["2 record 2 was altered"], id="altered"),
        pytest.param(
            _altered_with_its_digest,
            ["3 record 3 does not follow the record before it: one of them was replaced"],
            id="altered, with its digest",
        ),
        pytest.param(lambda of: [of[0], *of[2:]], ["2 record 2 before record 3 is missing"], id="removed"),
        pytest.param(lambda of: of[2:], ["1 records 1 to 2 before record 3 are missing"], id="first ones removed"),
        pytest.param(lambda of: of[:-1], ["0 record 5 is missing at the end of the log"], id="last one removed"),
        pytest.param(lambda of: of[:2], ["0 records 3 to 5 are missing at the end of the log"], id="cut off"),
        pytest.param(lambda _: [], ["0 records 1 to 5 are missing at the end of the log"], id="emptied"),
        pytest.param(
            lambda of: [of[0], of[2], of[1], *of[3:]],
            [
                "2 record 2 before record 3 is missing",
                "3 record 2 comes after record 3: it was moved or repeated",
                "4 record 4 does not follow the record before it: one of them was replaced",
            ],
            id="reordered",
        ),
        pytest.param(
            _repeated,
            [
                "4 record 2 comes after record 3: it was moved or repeated",
                "5 record 4 does not follow the record before it: one of them was replaced",
            ],
            id="repeated",
        ),
        pytest.param(lambda of: [of[0], "x", *of[2:]], ["2 record 2 is not readable"], id="overwritten"),
        pytest.param(lambda of: [of[0], "{}", *of[2:]], ["2 record 2 is not readable"], id="emptied record"),
    ],
)
def test_every_change_is_found_and_named(
    log: Path, change: Callable[[list[str]], list[str]], expected: list[str]
) -> None:
    lines = change(log.read_text().splitlines())
    log.write_text("".join(f"{line}\n" for line in lines))

    assert problems() == expected


def test_a_log_that_was_replaced_as_a_whole_is_found_by_a_noted_digest(log: Path) -> None:
    noted = verification.verify().head.digest
    assert problems(noted) == []
    log.unlink()
    activity_places.head().unlink()
    event_log.append([an_event(6)])

    assert problems() == []
    assert problems(noted) == [f"0 no record has the digest '{noted}' that was noted earlier"]


def test_a_missing_head_is_found(log: Path) -> None:
    assert log.exists()
    activity_places.head().unlink()

    assert problems() == ["0 it is missing or damaged"]


def test_a_head_that_does_not_belong_to_the_log_is_found(log: Path) -> None:
    assert log.exists()
    activity_places.head().write_text(json.dumps({"sequence": 5, "digest": "0123"}))

    assert problems() == ["0 record 5 is not the one that was written"]


def test_a_writer_that_was_killed_leaves_no_damage(log: Path) -> None:
    with log.open("a") as file:
        file.write('{"sequence":6,"previous":"')
    activity_places.head().write_text(json.dumps({"sequence": 3, "digest": json.loads(_line(log, 2))["digest"]}))

    event_log.append([an_event(6)])

    assert problems() == []
    assert next(event_log.read_events())["operationId"] == "run-6"


def _line(log: Path, number: int) -> str:
    return log.read_text().splitlines()[number]


def test_an_event_is_recorded_once(log: Path) -> None:
    assert event_log.append([an_event(4), an_event(6), an_event(6, Status.FAILED)]) == [
        an_event(6),
        an_event(6, Status.FAILED),
    ]
    assert len(log.read_text().splitlines()) == 7


def test_a_large_file_is_continued_in_the_next_one(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 100)

    event_log.append([an_event(6)])
    event_log.append([an_event(7)])

    assert [path.name for path in event_log.segments()] == [log.name, "log-000002.jsonl", "log-000003.jsonl"]
    assert problems() == []
    assert [event["operationId"] for event in event_log.read_events()] == [f"run-{n}" for n in range(7, 0, -1)]
    event_log.segments()[1].unlink()
    assert problems() == ["1 record 6 before record 7 is missing"]


def test_a_damaged_end_is_not_continued(log: Path) -> None:
    with log.open("a") as file:
        file.write("x\n")

    with pytest.raises(ActivityLogError, match=r"the last line of '.*' is damaged. Run `mlw activity verify`"):
        event_log.append([an_event(6)])


def test_concurrent_writers_make_one_chain() -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(_append_many, range(0, 40, 10))

    verdict = verification.verify()
    assert (verdict.findings, verdict.records) == ([], 40)
    assert {event["operationId"] for event in event_log.read_events()} == {f"run-{number}" for number in range(40)}
