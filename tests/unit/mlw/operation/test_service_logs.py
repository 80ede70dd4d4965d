"""`mlw logs`: options for the engine, and what reaches a terminal."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from infra.clients.engine import container_logs
from mlw.main import main
from mlw.operation import service_logs
from mlw.operation.service_logs import SinceError, since_when
from tests.unit.states import Place

NOW = datetime(2026, 11, 29, 20, tzinfo=UTC)


@pytest.fixture
def asked(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Calls of the engine, which has one container that logs a line with an escape sequence."""
    calls: list[dict[str, Any]] = []

    def read(container: str, **options: object) -> Iterator[str]:
        calls.append({"container": container, **options})
        yield "GET \x1b[31m/v2/ \u00e9\n"

    monkeypatch.setattr(container_logs, "read", read)
    monkeypatch.setattr(service_logs, "container_of", lambda stack, name: SimpleNamespace(name=f"{stack.name}-{name}"))
    place.deploy("dev")
    return calls


def test_a_pipe_gets_the_log_as_it_is(asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "storage"]) == 0

    assert capsys.readouterr().out == "GET \x1b[31m/v2/ \u00e9\n"
    assert asked == [{"container": "dev-storage", "follow": False, "since": None, "tail": None, "timestamps": False}]


def test_a_log_cannot_control_the_terminal(
    asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    assert main(["logs", "storage", "dev", "-f", "--tail", "3"]) == 0

    assert capsys.readouterr().out == "GET \\x1b[31m/v2/ \u00e9\n"
    assert (asked[0]["follow"], asked[0]["tail"]) == (True, 3)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30s", NOW - timedelta(seconds=30)),
        ("10m", NOW - timedelta(minutes=10)),
        ("2h", NOW - timedelta(hours=2)),
        ("1d", NOW - timedelta(days=1)),
        ("2026-11-29T19:00:00Z", NOW - timedelta(hours=1)),
        ("2026-11-29T19:00:00", NOW - timedelta(hours=1)),
    ],
)
def test_since_is_a_length_or_a_time(text: str, moment: datetime) -> None:
    assert since_when(text, NOW) == moment


def test_any_other_since_is_an_error() -> None:
    with pytest.raises(SinceError, match="reading --since 'yesterday': neither a length of time nor a time"):
        since_when("yesterday")
