"""Queries over application insights as a client sends them: rights, limits, the API of Jaeger, and nothing else."""

import random
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from docker import DockerClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from infra import service_images
from infra.clients.engine import volume_writer
from mlw.insights.reports import REPORTS
from mlw.insights.time_ranges import time_range
from tests.support.insights_store import OWNER, READ, SECONDS, WRITE, Store, running_store
from tests.support.probes import probe_until

TOKENS = "/etc/insights/live/tokens"

FORBIDDEN = (
    "COPY (SELECT 1) TO '/var/lib/insights/x.csv'",
    "ATTACH '/var/lib/insights/x.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '1GB'",
    "PRAGMA threads = 8",
    "CALL duckdb_settings()",
    "CREATE TABLE t AS SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/insights/live/tokens')",
    "SELECT * FROM '/etc/insights/live/tokens'",
    "SELECT * FROM glob('/**')",
    "SELECT * FROM read_parquet('/var/lib/insights/spans/*.parquet')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT getenv('PATH')",
)
ENDLESS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT (i + 1) % 1000 FROM n) SELECT max(i) FROM n"
HUNGRY = "SELECT sum(length(repeat('x', 50000000 + i::INT))) FROM range(100) AS numbers(i)"


@pytest.fixture(scope="module")
def store(engine: DockerClient) -> Iterator[Store]:
    """A store for all tests of this file; each one has its own services."""
    with running_store(engine) as found:
        yield found


def ask(store: Store, sql: str, *, token: str = READ, maximum_rows: int = 1000) -> requests.Response:
    """Send a query."""
    headers = {"Authorization": f"Bearer {token}"}
    return store.session.post(
        store.url("/v1/query"), json={"query": sql, "maximumRows": maximum_rows}, headers=headers, timeout=SECONDS
    )


def rows(store: Store, sql: str) -> list[list[Any]]:
    """Return the rows of a query over the last day."""
    reply = ask(store, sql)
    assert reply.status_code == requests.codes.ok, reply.text
    found: list[list[Any]] = reply.json()["tables"][0]["rows"]
    return found


def get(store: Store, path: str, **parameters: str) -> list[Any]:
    """Return the data of a response of Jaeger's API, with the authentication that Grafana uses."""
    reply = store.session.get(store.url(path), params=parameters, auth=("grafana", READ), timeout=SECONDS)
    assert reply.status_code == requests.codes.ok, reply.text
    found: list[Any] = reply.json()["data"]
    return found


def error(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


@pytest.mark.parametrize(("token", "status"), [(READ, 200), (WRITE, 403), ("another", 401), ("", 401)])
@pytest.mark.parametrize("path", ["/v1/query", "/v1/status", "/api/services"])
def test_reading_needs_a_token_that_reads(store: Store, path: str, token: str, status: int) -> None:
    method = "POST" if path == "/v1/query" else "GET"
    headers = {"Authorization": f"Bearer {token}"}
    reply = store.session.request(method, store.url(path), json={"query": "SELECT 1"}, headers=headers, timeout=SECONDS)
    assert reply.status_code == status
    assert token == "" or token not in reply.text


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_only_a_select_over_the_views_runs(store: Store, sql: str) -> None:
    assert error(ask(store, sql)) in {(400, "ForbiddenQuery"), (400, "InvalidQuery")}
    assert store.run("ls /var/lib/insights/x.csv /var/lib/insights/x.db 2>/dev/null || echo none") == "none\n"


def test_endless_and_huge_queries_end_and_the_store_goes_on(store: Store) -> None:
    with ThreadPoolExecutor() as pool:
        endless = pool.submit(ask, store, ENDLESS)
        others = [ask(store, "SELECT count(*) FROM requests").status_code for _ in range(3)]
    huge = error(ask(store, HUNGRY))

    assert error(endless.result()) == (504, "QueryTimedOut")
    assert others == [200, 200, 200]
    assert huge in {(400, "QueryOutOfMemory"), (503, "QueryInterrupted")}
    assert ask(store, "SELECT 1").status_code == requests.codes.ok
    store.container.reload()
    assert store.container.attrs["RestartCount"] == 0


def test_result_is_limited_and_says_so(store: Store) -> None:
    result = ask(store, "SELECT * FROM range(20000)", maximum_rows=10_000).json()
    assert (len(result["tables"][0]["rows"]), result["truncated"]) == (10_000, True)


def test_more_queries_than_fit_are_asked_to_come_back(store: Store) -> None:
    with ThreadPoolExecutor(30) as pool:
        slow = "SELECT sum(hash(a.range, b.range)) FROM range(50000) a, range(50000) b"
        replies = list(pool.map(lambda _: ask(store, slow), range(30)))
    refused = [reply for reply in replies if reply.status_code == requests.codes.too_many_requests]
    assert refused
    assert all(reply.headers["Retry-After"] == "1" for reply in refused)


def test_revoked_token_is_rejected_within_a_second_on_an_existing_connection(store: Store) -> None:
    assert ask(store, "SELECT 1").status_code == requests.codes.ok
    tokens = store.run(f"cat {TOKENS}")
    replace_tokens(store, tokens.replace(READ, "renewed"))
    try:
        revoked = time.monotonic()
        probe_until(lambda: _assert_status(store, READ, 401), what="the token is rejected")
        assert time.monotonic() - revoked < 1
        _assert_status(store, "renewed", 200)
    finally:
        replace_tokens(store, tokens)
    probe_until(lambda: _assert_status(store, READ, 200), what="the token is accepted")


def _assert_status(store: Store, token: str, status: int) -> None:
    assert ask(store, "SELECT 1", token=token).status_code == status


def replace_tokens(store: Store, tokens: str) -> None:
    """Replace the file as the product does while the service runs."""
    volume_writer.write(
        f"{store.container.name}-config",
        {},
        {"tokens": tokens.encode()},
        carrier=volume_writer.Carrier(image=service_images.table()["insights"].image, labels={}),
        owner=OWNER,
        in_use=True,
    )


@pytest.mark.parametrize("count", [1, 2, 3, 3000])
def test_percentiles_of_a_report_are_those_of_the_durations(store: Store, count: int) -> None:
    service, chosen = f"scorer-{uuid.uuid4().hex[:8]}", random.Random(count)  # noqa: S311 - durations, no secrets
    durations = [chosen.lognormvariate(3, 1) for _ in range(count)]
    send_requests(store, service, durations)

    (found,) = rows(store, REPORTS["requests"].query(time_range(offset="1d"), service=service))
    (exact,) = rows(
        store,
        "SELECT count(*), quantile_cont(duration, 0.5), quantile_cont(duration, 0.95), quantile_cont(duration, 0.99) "
        f"FROM requests WHERE cloud_RoleName = '{service}'",
    )

    assert found[2] == exact[0] == count
    assert found[6:] == pytest.approx(exact[1:], rel=0.01 if count > 3 else 0.0001)


def send_requests(store: Store, service: str, milliseconds: Sequence[float]) -> None:
    """Send a request of each duration."""
    now, spans = time.time_ns(), []
    for one in milliseconds:
        made = Span(trace_id=uuid.uuid4().bytes, span_id=uuid.uuid4().bytes[:8], name="POST /score")
        made.kind, made.start_time_unix_nano, made.end_time_unix_nano = Span.SPAN_KIND_SERVER, now, now + int(one * 1e6)
        spans.append(made)
    resource = Resource(attributes=[_pair("service.name", service)])
    message = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])]
    )
    assert store.post(message.SerializeToString()).status_code == requests.codes.ok


@pytest.mark.parametrize("conventions", ["current", "previous"])
def test_grafana_finds_the_trace_of_a_failed_request(store: Store, conventions: str) -> None:
    web, scorer = f"web-{uuid.uuid4().hex[:8]}", f"scorer-{uuid.uuid4().hex[:8]}"
    trace = send_failed_request(store, web, scorer, conventions)
    now = datetime.now(UTC)
    window = {
        "start": _micros(now - timedelta(minutes=5)),
        "end": _micros(now + timedelta(minutes=5)),
        "lookback": "custom",
    }
    key = "http.response.status_code" if conventions == "current" else "http.status_code"

    found = get(store, "/api/traces", service=scorer, tags=f'{{"error":"true","{key}":"500"}}', limit="20", **window)

    assert {web, scorer} <= set(get(store, "/api/services"))
    assert get(store, f"/api/services/{scorer}/operations") == ["POST /score"]
    assert get(store, "/api/operations", service=web) == [{"name": "POST", "spanKind": "client"}]
    assert [one["traceID"] for one in found] == [trace]
    assert get(store, f"/api/traces/{trace}", start=window["start"], end=window["end"]) == found
    assert sorted(process["serviceName"] for process in found[0]["processes"].values()) == [scorer, web]
    calls = get(store, "/api/dependencies", endTs=window["end"][:-3], lookback="600000")
    assert {"parent": web, "child": scorer, "callCount": 1} in calls
    assert get(store, "/api/traces", service=scorer, minDuration="1h", **window) == []
    columns = f"resultCode, success FROM {{}} WHERE operation_Id = '{trace}'"
    assert rows(store, "SELECT " + columns.format("requests")) == [["500", False]]
    assert rows(store, "SELECT target, " + columns.format("dependencies")) == [["scorer:8080", "500", False]]


def _micros(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1_000_000))


def send_failed_request(store: Store, web: str, scorer: str, conventions: str) -> str:
    """Send a call of one service by another, which failed; returns the trace's id."""
    trace, client = uuid.uuid4().bytes, uuid.uuid4().bytes[:8]
    status, address, port = (
        ("http.response.status_code", "server.address", "server.port")
        if conventions == "current"
        else ("http.status_code", "net.peer.name", "net.peer.port")
    )
    failed = _pair(status, 500)
    calling = Span(span_id=client, name="POST", kind=Span.SPAN_KIND_CLIENT)
    calling.attributes.extend([failed, _pair(address, "scorer"), _pair(port, 8080)])
    serving = Span(span_id=uuid.uuid4().bytes[:8], parent_span_id=client, name="POST /score", attributes=[failed])
    serving.kind = Span.SPAN_KIND_SERVER
    for one in (calling, serving):
        one.trace_id = trace
        one.start_time_unix_nano = time.time_ns()
        one.end_time_unix_nano = one.start_time_unix_nano + 5_000_000
        one.status.code = Status.STATUS_CODE_ERROR
    message = ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=Resource(attributes=[_pair("service.name", service)]), scope_spans=[ScopeSpans(spans=[span])]
            )
            for service, span in ((web, calling), (scorer, serving))
        ]
    )
    reply = store.post(message.SerializeToString())
    assert reply.status_code == requests.codes.ok, reply.text
    return trace.hex()


def _pair(key: str, value: str | int) -> KeyValue:
    found = AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
    return KeyValue(key=key, value=found)
