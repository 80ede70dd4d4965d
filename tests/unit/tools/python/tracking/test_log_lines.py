import json
import logging

from tools.python.tracking.tracking.log_lines import JsonLines


def _record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("tracking").makeRecord(
        "tracking", logging.WARNING, "file", 1, message, arguments, None, extra=dict(extra)
    )


def test_line_has_the_message_and_what_was_added_to_it() -> None:
    line = json.loads(JsonLines().format(_record("stopped after %s s", 3, signal="SIGTERM")))

    assert {key: line[key] for key in ("level", "logger", "message", "signal")} == {
        "level": "warning",
        "logger": "tracking",
        "message": "stopped after 3 s",
        "signal": "SIGTERM",
    }
    assert line["time"].endswith("+00:00")


def test_traceback_is_on_the_same_line() -> None:
    record = _record("request\nfailed")
    error = ValueError("first\nsecond")
    record.exc_info = (ValueError, error, None)

    text = JsonLines().format(record)

    assert "\n" not in text
    assert "first\nsecond" in json.loads(text)["exception"]
