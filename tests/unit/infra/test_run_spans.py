"""Spans of the program and the provider: a process of its own, because they change the HTTP client of the process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.host import folders
from infra.host.trace_context import VARIABLE, TraceContext
from infra.run_spans import REFUSED

URN = "urn:pulumi:dev::ml-workspace::ml-workspace:storage:Bucket::azureml"
PROGRAM = """
import http.client, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from infra import run_spans

class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if "sealed" in self.path else 200)
        self.end_headers()
    def log_message(self, *_): pass

server = HTTPServer(("127.0.0.1", 0), Service)
Thread(target=server.serve_forever, daemon=True).start()

def ask(path, port=server.server_address[1]):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    connection.getresponse().read()

with run_spans.phase("a part"): pass
with run_spans.provider_call("Create", sys.argv[1]):
    ask("/v1/buckets?secret=hunter2")
    ask("/v1/sealed")
try:
    with run_spans.provider_call("Update", sys.argv[1]):
        raise ValueError("the password is hunter2")
except ValueError: print("raised")
ask("/outside")
"""


def run(value: str) -> str:
    """What the program prints with this value of the variable."""
    environment = {"PATH": "/usr/bin:/bin", VARIABLE: value}
    command = [sys.executable, "-c", PROGRAM, URN]
    done = subprocess.run(
        command, cwd=folders.repo(), env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_calls_of_a_provider_are_spans_below_their_resource(tmp_path: Path) -> None:
    trace = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", tmp_path / "trace.jsonl")

    assert run(trace.value) == "raised\n"

    text = trace.file.read_text()
    spans: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    found = {one["name"]: one for one in spans}
    assert list(found) == [
        "a part",
        "GET /v1/buckets",
        "GET /v1/sealed",
        "ResourceProvider/Create",
        "ResourceProvider/Update",
    ]
    assert found["a part"]["parentSpanId"] == trace.root
    created = found["ResourceProvider/Create"]
    assert created["parentSpanId"] == trace.span_of(URN)
    assert {found[name]["parentSpanId"] for name in ("GET /v1/buckets", "GET /v1/sealed")} == {created["spanId"]}
    codes = {name: one["attributes"].get("http.response.status_code") for name, one in found.items()}
    assert (codes["GET /v1/buckets"], codes["GET /v1/sealed"]) == (200, None)
    assert found["GET /v1/sealed"]["attributes"][REFUSED] == 503
    assert [one["name"] for one in spans if one["failed"]] == ["ResourceProvider/Update"]
    assert "hunter2" not in text
    assert trace.file.stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    trace = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", tmp_path / "none" / "trace.jsonl")

    assert run(trace.value) == "raised\n"


def test_without_a_trace_nothing_is_recorded() -> None:
    assert run("") == "raised\n"
