"""Collected data in a deployment's container: records, blobs, what is dropped, and the servers that are recorded."""

import io
import json
import os
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.clients.tls import certificate_authority
from mlw.job_programs.model_server import blob_writer, collector, request_recorder
from mlw.job_programs.model_server.blob_writer import BlobRefusedError, BlobWriter
from mlw.job_programs.model_server.collected_rows import input_rows, output_rows
from mlw.job_programs.model_server.collector import Collector, handler_of
from mlw.job_programs.model_server.mlflow_server import AsgiRoutes, WsgiRoutes
from mlw.job_programs.model_server.recorded_wsgi import recorded
from mlw.job_programs.model_server.request_recorder import CollectorConnection, Exchange, Recorder
from tests.support.asgi import call
from tests.support.tls_server import https_server

SETTINGS = {
    "collections": {"model_inputs": {"folder": "kept/inputs"}, "request": {"folder": "kept/request"}},
    "rolling_rate": "hour",
    "source": "/workspaces/w/onlineEndpoints/churn/deployments/blue",
}
AT = 1_600_000_000
FOLDER = "2020/09/13/12"
HEADERS = {"content-type": "application/json", "ce-type": "azureml.inference.model_inputs", "ce-time": str(AT)}


class Written(dict[str, bytes]):
    """Blobs, in place of the storage account."""

    is_refusing = False

    def put(self, name: str, content: bytes) -> None:
        if self.is_refusing:
            raise BlobRefusedError("status 503")
        self[name] = content


def test_records_are_lines_of_azures_form_in_azures_folders() -> None:
    written = Written()
    given = Collector(SETTINGS, written.put)
    more = {"ce-x-request-id": "r1", "ce-agent": "azureml-ai-monitoring/1.0.0", "trace-id": "t1"}

    assert given.add({**HEADERS, **more}, b'[{"a": 1}]')
    assert given.add({**HEADERS, "ce-type": "azureml.inference.request", "content-type": "image/png"}, b"\x89\xff")
    assert not given.add({**HEADERS, "ce-type": "azureml.inference.others"}, b"{}")
    assert given.write()

    first, second = sorted(written)
    assert (first.rpartition("/")[0], second.rpartition("/")[0]) == (f"kept/inputs/{FOLDER}", f"kept/request/{FOLDER}")
    assert first.endswith(".jsonl")
    assert json.loads(written[first]) == {
        "specversion": "1.0", "id": "t1", "source": SETTINGS["source"], "type": "azureml.inference.model_inputs",
        "time": "2020-09-13T12:26:40Z", "datacontenttype": "application/json", "data": [{"a": 1}],
        "correlationid": "r1", "xrequestid": "r1", "agent": "azureml-ai-monitoring/1.0.0",
        "contentrange": "bytes 0-9/10",
    }  # fmt: skip
    assert json.loads(written[second])["data_base64"] == "if8="
    assert (given.counts.collected, given.counts.stored, given.counts.dropped) == (2, 2, 0)


def test_what_cannot_be_written_waits_and_what_does_not_fit_is_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(collector, "MOST_WAITING_BYTES", 700)
    written = Written()
    given = Collector(SETTINGS, written.put)
    written.is_refusing = True

    assert [given.add(HEADERS, b"[]") for _ in range(5)] == [True] * 5
    assert not given.write()
    assert given.counts.stored == 0
    written.is_refusing = False
    assert given.write()

    assert given.counts.collected == 5
    assert given.counts.dropped == 5 - given.counts.stored > 0
    assert [len(text.splitlines()) for text in written.values()] == [given.counts.stored]
    assert "are dropped (1 until now)" in capsys.readouterr().err
    assert given.add(HEADERS, b"[]")
    assert given.counts.dropped == 5 - len(next(iter(written.values())).splitlines())


def test_what_waits_is_written_when_the_container_ends() -> None:
    written = Written()
    given = Collector(SETTINGS, written.put)
    given.add(HEADERS, b"[]")
    given.end()

    given.run()

    assert len(written) == 1


def test_the_address_takes_records_and_tells_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MOST_RECORD_BYTES", 100)
    given = Collector(SETTINGS, Written().put)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(given)) as server:
        monkeypatch.setattr(request_recorder, "PORT", server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            connection = CollectorConnection()
            assert connection.post({**HEADERS, "mlw-dropped": "2"}, b"[]")
            assert not connection.post({**HEADERS, "ce-type": "azureml.inference.others"}, b"[]")
            connection.close()
            with pytest.raises(urllib.error.HTTPError, match="413") as refused:
                urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}/", b" " * 101, timeout=5)
            refused.value.close()
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}/", timeout=5) as response:
                assert json.load(response) == {"collected": 1, "stored": 0, "dropped": 3}
        finally:
            server.shutdown()
            thread.join()


def test_a_recorder_never_waits_and_counts_what_it_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_recorder, "MOST_WAITING_BYTES", 30)
    is_free, posted, is_told, dropped = threading.Event(), threading.Event(), threading.Event(), list[int]()

    def post(headers: dict[str, str], _body: bytes) -> bool:
        posted.set()
        is_free.wait(10)
        dropped.append(int(headers["mlw-dropped"]))
        if sum(dropped) == 2:
            is_told.set()
        return True

    given = Recorder(["request"], post=post)
    given.record(Exchange(b"1234567890", b"", 200))
    assert posted.wait(10)
    for _ in range(5):
        given.record(Exchange(b"1234567890", b"", 200))
    is_free.set()

    assert is_told.wait(10)
    assert [Recorder(["request"], rate).takes() for rate in (0.0, 1.0)] == [False, True]


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]]}}, [{"a": 1, "b": 2}]),
        ({"dataframe_records": [{"a": 1}]}, [{"a": 1}]),
        ({"inputs": {"x": [1, 2], "y": [3, 4]}}, [{"x": 1, "y": 3}, {"x": 2, "y": 4}]),
        ({"inputs": [[1.5, 2]]}, [{"0": 1.5, "1": 2}]),
        ({"inputs": [[5]]}, [{"a": 5}]),
        ({"other": 1}, None),
    ],
)
def test_inputs_are_rows(body: object, rows: object) -> None:
    assert input_rows(json.dumps(body).encode(), ["a"]) == rows


def test_outputs_are_rows() -> None:
    assert output_rows(b"[1, 2]", ()) == [{"0": 1}, {"0": 2}]
    assert output_rows(b'{"predictions": [[0.1, 0.9]]}', ["no", "yes"]) == [{"no": 0.1, "yes": 0.9}]
    assert output_rows(b"no JSON", ()) is None


class _Model:
    """Translates nothing."""

    def translated(self, body: bytes) -> tuple[bytes, bool]:
        return body, False


class _Kept(Recorder):
    """Keeps what is recorded."""

    def __init__(self, sampling_rate: float = 1.0) -> None:
        super().__init__(["model_inputs", "model_outputs", "request", "response"], sampling_rate)
        self.kept: list[Exchange] = []

    def record(self, exchange: Exchange) -> None:
        self.kept.append(exchange)


BODY = b'{"dataframe_split": {"columns": ["a"], "data": [[1]]}}'


def test_the_server_of_mlflow_3_is_recorded() -> None:
    async def app(_scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"predictions": ', "more_body": True})
        await send({"type": "http.response.body", "body": b"[2]}"})

    kept = _Kept()
    headers = {"x-request-id": "r1"}
    assert call(AsgiRoutes(app, _Model(), kept), "POST", "/score", headers=headers, body=[BODY]).status == 200  # type: ignore[arg-type]
    assert call(AsgiRoutes(app, _Model(), _Kept(0.0)), "POST", "/score", body=[BODY]).status == 200  # type: ignore[arg-type]

    (exchange,) = kept.kept
    found = {record["ce-type"].rpartition(".")[2]: json.loads(body) for record, body in kept.records_of(exchange)}
    assert (found["model_inputs"], found["model_outputs"]) == ([{"a": 1}], [{"0": 2}])
    assert (found["request"], found["response"]) == (json.loads(BODY), {"predictions": [2]})
    assert exchange.request_id == "r1"


def test_servers_of_flask_are_recorded() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401 - WSGI
        assert environ["wsgi.input"].read() == BODY
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"predictions"', b": [2]}"]

    def environ(method: str = "POST") -> dict[str, Any]:
        return {"PATH_INFO": "/score", "REQUEST_METHOD": method, "CONTENT_LENGTH": str(len(BODY)),
                "wsgi.input": io.BytesIO(BODY)}  # fmt: skip

    kept, script = _Kept(), _Kept()
    assert b"".join(WsgiRoutes(app, _Model(), kept)(environ(), lambda *_: None)) == b'{"predictions": [2]}'  # type: ignore[arg-type]
    assert b"".join(recorded(app, script, environ(), lambda *_: None)) == b'{"predictions": [2]}'
    assert b"".join(recorded(app, script, environ("GET"), lambda *_: None)) == b'{"predictions": [2]}'

    assert [one.table for one in kept.kept] == [BODY]
    assert [(one.request, one.response, one.status, one.table) for one in script.kept] == [
        (BODY, b'{"predictions": [2]}', 200, b"")
    ]


def test_blobs_are_signed_as_botocore_signs_them() -> None:
    writer = BlobWriter(endpoint="http://storage:9000", container="c", access_key="key", secret_key="secret")
    made = writer._headers("PUT", "/c/a%20b/c.jsonl", b"content")
    request = AWSRequest("PUT", "http://storage:9000/c/a%20b/c.jsonl", data=b"content")
    request.context["timestamp"] = made["x-amz-date"]
    request.headers["X-Amz-Date"] = made["x-amz-date"]
    request.headers["X-Amz-Content-SHA256"] = made["x-amz-content-sha256"]

    class Fixed(S3SigV4Auth):
        def _modify_request_before_signing(self, _request: AWSRequest) -> None:
            """The headers are those above."""

        def add_auth(self, request: AWSRequest) -> None:
            canonical = self.canonical_request(request)
            signature = self.signature(self.string_to_sign(request, canonical), request)
            self._inject_signature_to_request(request, signature)  # type: ignore[attr-defined]

    Fixed(Credentials("key", "secret"), "s3", blob_writer._REGION).add_auth(request)

    assert made["Authorization"] == request.headers["Authorization"]


def test_nothing_is_recorded_without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AZUREML_MDC_CONFIG_PATH", raising=False)

    assert Recorder.of_environment() is None
    with collector.collecting(tmp_path, 1):
        assert "collector" not in {one.name for one in threading.enumerate()}


def test_a_refused_blob_says_why() -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(403)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"denied")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            writer = BlobWriter(endpoint=address, container="c", access_key="k", secret_key=os.urandom(4).hex())
            with pytest.raises(BlobRefusedError, match="status 403: denied"):
                writer.put("a.jsonl", b"")
        finally:
            server.shutdown()
            thread.join()


def test_blobs_are_written_only_to_an_account_of_the_stacks_authority(tmp_path: Path) -> None:
    own, other = (certificate_authority.make_authority(name, domain="rg-test") for name in ("own", "other"))
    certificate = certificate_authority.issue(own, name="st", domain="rg-test")
    with https_server(certificate, tmp_path) as url:
        keys = {"endpoint": url, "container": "c", "access_key": "k", "secret_key": "s"}
        BlobWriter(**keys, ca_certificate=own.certificate).put("a.jsonl", b"{}")
        with pytest.raises(OSError, match="certificate verify failed"):
            BlobWriter(**keys, ca_certificate=other.certificate).put("a.jsonl", b"{}")
