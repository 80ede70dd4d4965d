"""The trace of one `make up`."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from infra.clients.engine import engine_queries
from infra.components import application_insights
from infra.host import trace_context
from mlw.lifecycle import checkpoints, run_trace, state_files, trace_delivery
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.run_trace import RunTrace
from mlw.lifecycle.stack_context import Context
from tests.unit.states import a_context

GROUP = "urn:pulumi:dev::ml-workspace::ml-workspace:resources:ResourceGroup::rg"
VOLUME = "urn:pulumi:dev::ml-workspace::ml-workspace:resources:ResourceGroup$docker:index/volume:Volume::data"
INSIGHTS = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Insights/components/appi-churn"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def step(urn: str, operation: str, parent: str = "") -> dict[str, Any]:
    """What an event says of a step, with a property that no trace may contain."""
    kind = urn.split("::")[2].rpartition("$")[2]
    described = {"parent": parent, "inputs": {"password": "hunter2"}}
    return {"metadata": {"urn": urn, "op": operation, "type": kind, "new": described}}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    made = a_context(tmp_path)
    made.workdir.mkdir(parents=True)
    return made


def recorded(trace: RunTrace) -> dict[str, dict[str, Any]]:
    """The spans of a run by name."""
    made = trace.request({"name": "up", "start": 1, "end": 2, "failed": False, "attributes": {}})
    assert made
    return {span["name"]: span for span in made["resourceSpans"][0]["scopeSpans"][0]["spans"]}


def test_components_and_resources_are_spans_below_each_other(context: Context) -> None:
    trace = RunTrace(context)

    with trace.phase("pulumi up"):
        trace.on_event({"resourcePreEvent": step(GROUP, "create")})
        trace.on_event({"resourcePreEvent": step(VOLUME, "create", GROUP)})
        trace.on_event({"resOpFailedEvent": step(VOLUME, "create", GROUP)})
        trace.on_event({"resOutputsEvent": step(GROUP, "create")})
        trace.on_event({"summaryEvent": {}})

    spans = recorded(trace)
    group, volume = spans["create ml-workspace:resources:ResourceGroup"], spans["create docker:index/volume:Volume"]
    assert spans.keys() == {"up", "pulumi up", group["name"], volume["name"]}
    assert volume["parentSpanId"] == group["spanId"]
    assert group["parentSpanId"] == spans["pulumi up"]["parentSpanId"] == spans["up"]["spanId"]
    assert [span["name"] for span in spans.values() if span["status"]] == [volume["name"]]
    assert "hunter2" not in json.dumps(spans)


def test_both_steps_of_a_replacement_are_spans(context: Context) -> None:
    trace = RunTrace(context)

    for operation in ("create-replacement", "delete-replaced"):
        trace.on_event({"resourcePreEvent": step(VOLUME, operation, GROUP)})
        trace.on_event({"resOutputsEvent": step(VOLUME, operation, GROUP)})

    assert len({span["spanId"] for span in recorded(trace).values()}) == 3


def test_a_run_continues_the_trace_of_its_pipeline(context: Context) -> None:
    trace = RunTrace(replace(context, environment={**context.environment, "TRACEPARENT": PARENT}))

    root = recorded(trace)["up"]
    assert (root["traceId"], root["parentSpanId"]) == trace_context.parse(PARENT)
    assert trace_context.PARENT not in trace.context.environment
    assert root["traceId"] in trace.context.environment[trace_context.VARIABLE]


def test_spans_of_other_processes_are_added_once(context: Context) -> None:
    trace = RunTrace(context)
    found = trace_context.current(trace.context.environment)
    assert found
    line = {"spanId": "1" * 16, "parentSpanId": found.root, "name": "GET /", "kind": 3, "start": 1, "end": 2}
    found.file.write_text(
        json.dumps({**line, "attributes": {"http.response.status_code": 200}, "failed": False}) + "\n{"
    )

    span = recorded(trace)["GET /"]

    assert span["kind"] == 3
    assert span["attributes"] == [{"key": "http.response.status_code", "value": {"intValue": "200"}}]
    assert not found.file.exists()


def test_a_trace_that_is_turned_off_records_nothing(context: Context) -> None:
    off = replace(context, environment={**context.environment, "OTEL_SDK_DISABLED": "true"})
    trace = RunTrace(off)

    with trace.phase("pulumi up"):
        trace.on_event({"resourcePreEvent": step(GROUP, "create")})

    assert trace.context is off
    assert trace.request({}) is None


class _Collector(BaseHTTPRequestHandler):
    """Stores what it receives in its server."""

    def do_POST(self) -> None:
        """Accept a request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["Authorization"], json.loads(body)))  # type: ignore[attr-defined]
        refused = self.headers["Authorization"] == "Bearer replaced"
        self.send_response(401 if refused else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A collector with one token, in a container of the stack."""
    monkeypatch.setattr(engine_queries, "read_file", lambda *_: b"token-1 (stack)\ntoken-2 rita\n")
    with HTTPServer(("127.0.0.1", 0), _Collector) as server:
        server.received = []  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def a_state(address: str, container: str = "appi-churn-insights") -> Checkpoint:
    """A state with application insights at an address."""
    outputs = {"endpoints": {"otlpHttp": address}, "workspace": {"applicationInsights": INSIGHTS}}
    resources = [
        {"urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::s", "type": "pulumi:pulumi:Stack", "outputs": outputs},
        {
            "urn": f"urn:pulumi:dev::p::docker:index/container:Container::{container}",
            "type": "docker:index/container:Container",
            "custom": True,
            checkpoints.REGISTERED: "program",
            "id": "c1",
            "inputs": {"name": container},
            "outputs": {"name": container},
        },
    ]
    return Checkpoint({"version": 3, "checkpoint": {"latest": {"resources": resources}}})


def test_the_trace_is_sent_with_a_token_of_the_collector(
    context: Context, collector: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://127.0.0.1:{collector.server_address[1]}"
    monkeypatch.setattr(state_files, "read", lambda _: a_state(address))

    with run_trace.recording(context) as trace, trace.phase("pulumi up"):
        pass

    ((path, authorization, body),) = collector.received  # type: ignore[attr-defined]
    assert (path, authorization) == ("/v1/traces", "Bearer token-1")
    assert body["resourceSpans"][0]["resource"]["attributes"][0]["value"] == {"stringValue": "ml-workspace"}


COLLECTOR = f"{GROUP[:-4]}$ml-workspace:insights:ApplicationInsights$docker:index/container:Container::appi-insights"
STORE = COLLECTOR.replace("appi-insights", "appi-insights-store")
RECORD = f"{GROUP[:-4]}$ml-workspace:machinelearningservices:WorkspaceRecord::mlw-record"


@pytest.mark.parametrize(
    ("read", "sent_with"),
    [
        ([b"ahead (stack)"], ["ahead"]),
        ([b"replaced (stack)", b"new (stack)"], ["replaced", "new"]),
        ([None, b"new a"], ["new"]),
    ],
    ids=["the token", "a token that the run replaces", "no token"],
)
def test_the_token_is_read_when_the_record_is_written(
    context: Context,
    collector: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    read: list[bytes | None],
    sent_with: list[str],
) -> None:
    address = f"http://127.0.0.1:{collector.server_address[1]}"
    monkeypatch.setattr(state_files, "read", lambda _: a_state(address))
    asked: list[str] = []

    def read_file(container: str, _path: str) -> bytes | None:
        asked.append(container)
        return read[len(asked) - 1]

    monkeypatch.setattr(engine_queries, "read_file", read_file)

    with run_trace.recording(context) as trace:
        for urn in (COLLECTOR, STORE, RECORD):
            trace.on_event({"resOutputsEvent": step(urn, "same")})

    assert asked == ["appi-insights", "c1"][: len(read)]
    assert [token for _, token, _ in collector.received] == [f"Bearer {one}" for one in sent_with]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "state",
    [None, a_state("http://127.0.0.1:1"), a_state("http://127.0.0.1:1", "another"), Checkpoint({})],
    ids=["no state", "nothing listens", "insights of another stack", "a state without outputs"],
)
@pytest.mark.usefixtures("collector")
def test_a_trace_that_cannot_be_sent_is_dropped(
    context: Context, monkeypatch: pytest.MonkeyPatch, state: Checkpoint | None
) -> None:
    monkeypatch.setattr(state_files, "read", lambda _: state)

    with pytest.raises(ZeroDivisionError), run_trace.recording(context):
        raise ZeroDivisionError


def test_tokens_are_where_the_component_writes_them() -> None:
    assert trace_delivery.TOKENS.rpartition("/")[2] == application_insights.TOKENS
