"""The program in a deployment's container, with a real server process; requests of Azure for a model of MLflow."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlw.job_programs.model_server.azure_requests import translated, unwrapped
from tests.support.documents import ROOT
from tests.support.model_server_process import start

SERVER = """
import http.server, json, os, signal, sys
from pathlib import Path
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        hangs = Path(sys.argv[1]).exists()
        self.send_response(500 if hangs else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
def end(*_):
    print("ended in order", flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
print("variable:", os.environ["GIVEN"], flush=True)
server.serve_forever()
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def probe(wanted: str, port: int) -> int:
    command = [sys.executable, "-m", "mlw.job_programs.model_server.probe", wanted, "20", str(port)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test_a_server_becomes_ready_and_ends_in_order(tmp_path: Path, port: int) -> None:
    with start(tmp_path, ["-c", SERVER, str(tmp_path / "hangs")], port=port) as process:
        assert probe("ready", port) == 0
        assert probe("drained", port) == 0
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)

    assert process.returncode == 0
    assert said.splitlines() == ["variable: secret", "ended in order"]


def test_a_server_that_does_not_respond_is_ended(tmp_path: Path, port: int) -> None:
    (tmp_path / "hangs").touch()

    with start(tmp_path, ["-c", SERVER, str(tmp_path / "hangs")], port=port, delay=0.1) as process:
        said, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "did not respond to 2 liveness probes in a row" in said


@pytest.mark.parametrize(
    ("code", "expected"), [("raise SystemExit(3)", 3), (f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})", 137)]
)
def test_the_exit_code_is_that_of_the_server(tmp_path: Path, code: str, expected: int) -> None:
    with start(tmp_path, ["-c", code]) as process:
        process.communicate(timeout=20)

    assert process.returncode == expected


def test_a_missing_server_is_a_message(tmp_path: Path) -> None:
    with start(tmp_path, ["-c", ""], module="no_such_module") as process:
        said, _ = process.communicate(timeout=20)

    assert (process.returncode, "Add the package 'a-package'" in said) == (1, True)


@pytest.mark.parametrize(
    ("data", "columns", "is_tensor", "expected"),
    [
        ({"columns": ["a"], "index": [0], "data": [[1]]}, (), False, "dataframe_split"),
        ([{"a": 1}], (), False, "dataframe_records"),
        ([[1, 2]], ("a", "b"), False, "dataframe_split"),
        ([[1, 2]], ("a",), True, "inputs"),
        ([[1, 2]], (), False, "inputs"),
        ({"a": [1]}, (), False, "inputs"),
    ],
)
def test_azures_requests_become_those_of_mlflow(
    data: Any,  # noqa: ANN401 - JSON
    columns: tuple[str, ...],
    is_tensor: bool,  # noqa: FBT001 - a case of the table
    expected: str,
) -> None:
    body, is_azures = translated(
        json.dumps({"input_data": data, "params": {"p": 1}}).encode(), columns, is_tensor=is_tensor
    )

    found = json.loads(body)
    assert (is_azures, set(found)) == (True, {expected, "params"})


@pytest.mark.parametrize("body", [b'{"inputs": [1]}', b"no json", b"[1]"])
def test_other_requests_stay_as_they_are(body: bytes) -> None:
    assert translated(body, (), is_tensor=False) == (body, False)


def test_predictions_are_returned_alone() -> None:
    assert json.loads(unwrapped(b'{"predictions": [1.5]}')) == [1.5]
    assert unwrapped(b'{"error_code": "BAD_REQUEST"}') == b'{"error_code": "BAD_REQUEST"}'


def test_programs_need_nothing_but_the_standard_library() -> None:
    command = [
        sys.executable,
        "-S",
        "-c",
        "import mlw.job_programs.model_server.__main__, mlw.job_programs.model_server.probe",
    ]

    assert subprocess.run(command, cwd=ROOT, env={**os.environ}, check=False).returncode == 0
