import json

import pytest

from tests.support.otlp import Protocol, markers_in_store, send

LINE = json.dumps(
    {
        "resourceSpans": [
            {"resource": {"attributes": [{"key": "test.marker", "value": {"stringValue": "m1"}}]}, "scopeSpans": []}
        ]
    }
).encode()


def test_markers_are_found_in_the_files_of_their_signal() -> None:
    found = markers_in_store({"data/traces.jsonl": LINE + b"\n", "data/logs-2026.jsonl": b""})

    assert found == {"traces": {"m1"}, "metrics": set(), "logs": set()}


def test_truncated_line_is_not_ignored() -> None:
    with pytest.raises(json.JSONDecodeError, match="Expecting"):
        markers_in_store({"data/traces.jsonl": LINE[:-4]})


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_http_export_without_a_server_is_not_a_success() -> None:
    sent = send(Protocol.HTTP, {"otlpHttp": "http://127.0.0.1:9"}, "token", "marker", seconds=0.5)

    assert sent == {"traces": False, "metrics": False, "logs": False}
