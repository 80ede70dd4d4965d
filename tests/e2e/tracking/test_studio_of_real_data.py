"""The studio in a real browser, with the telemetry and the experiments that outside clients have sent."""

import time
import uuid

import requests
from playwright.sync_api import expect, sync_playwright

from tests.support.insights import insights_client
from tests.support.mlflow_client import write_runs
from tests.support.probes import probe_until
from tests.support.stacks import LiveStack
from tests.support.studio import axe_findings, complaints_of, launch, running_studio

EXCEPTION = "OutOfStockError"


def send_failure(tracked: LiveStack, name: str) -> None:
    """Send a request that failed with an exception, as a web service does."""
    now = time.time_ns()
    event = {"exception.type": EXCEPTION, "exception.message": f"nothing left of {name}"}
    span = {
        "traceId": uuid.uuid4().hex,
        "spanId": uuid.uuid4().hex[:16],
        "name": f"GET /{name}",
        "kind": 2,
        "startTimeUnixNano": str(now - 25_000_000),
        "endTimeUnixNano": str(now),
        "status": {"code": 2},
        "attributes": [{"key": "http.response.status_code", "value": {"intValue": "500"}}],
        "events": [
            {
                "name": "exception",
                "timeUnixNano": str(now),
                "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in event.items()],
            }
        ],
    }
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    requests.post(
        f"{tracked.outputs['endpoints']['otlpHttp']}/v1/traces",
        json={"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": [span]}]}]},
        headers={"Authorization": f"Bearer {tracked.outputs['credentials']['telemetry']['token']}"},
        timeout=30,
    ).raise_for_status()


def test_it_shows_requests_exceptions_runs_and_models(tracked: LiveStack, marker: str) -> None:
    send_failure(tracked, marker)
    write_runs(tracked.outputs, marker)

    def kept() -> None:
        assert insights_client(tracked.outputs).column(f"SELECT name FROM requests WHERE contains(name, '{marker}')")

    probe_until(kept, what="the request in application insights")
    with (
        running_studio(tracked.stack.environment, program="mlw") as studio,
        sync_playwright() as playwright,
        launch(playwright) as browser,
    ):
        page = browser.new_page()
        complaints = complaints_of(page)
        page.goto(studio.link)
        page.wait_for_url(f"{studio.base}/")
        for panel, text in {
            "performance": f"GET /{marker}",
            "failures": EXCEPTION,
            "experiments": marker,
            "runs": "parent",
            "models": marker,
        }.items():
            page.goto(f"{studio.base}/stacks/{tracked.stack.name}/{panel}", wait_until="load")
            expect(page.locator("main")).to_contain_text(text)
            assert axe_findings(page) == []

    assert complaints == []
