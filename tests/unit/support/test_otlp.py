import pytest

from tests.support.otlp import Protocol, send


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_http_export_without_a_server_is_not_a_success() -> None:
    sent = send(Protocol.HTTP, {"otlpHttp": "http://127.0.0.1:9"}, "token", "marker", seconds=0.5)

    assert sent == {"traces": False, "metrics": False, "logs": False}
