"""The studio's page of an online endpoint in a real browser: its requests, a test, logs, and the traffic slider."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.jobs_workspace import data_of
from tests.support.served_endpoints import Served
from tests.support.studio import axe_findings, complaints_of, launch, running_studio

SECONDS = 30_000
"""Of a browser that waits for telemetry, in milliseconds."""


@contextmanager
def opened(served: Served, *words: str) -> Iterator[Page]:
    """The page of the endpoint; the browser may complain about nothing."""
    name = served.stack.stack.name
    with (
        running_studio(served.stack.stack.environment, name, *words, program="mlw") as studio,
        sync_playwright() as playwright,
        launch(playwright) as browser,
    ):
        page = browser.new_page()
        complaints = complaints_of(page)
        page.goto(studio.link)
        page.wait_for_url(f"{studio.base}/**")
        page.goto(f"{studio.base}/stacks/{name}/endpoints")
        page.locator("main").get_by_role("link", name="sums").click()
        yield page
    assert complaints == []


def traffic_of(served: Served) -> dict[str, int]:
    found: dict[str, int] = data_of(served.mlw("online-endpoint", "show", "-n", "sums", "-o", "json"))["traffic"]
    return {name: share for name, share in found.items() if share}


def test_an_endpoint_is_watched_tried_and_changed(served: Served) -> None:
    with opened(served) as page:
        page.get_by_role("textbox", name="Request").fill('{"data": [1, 2, 3]}')
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_label("Response")).to_contain_text('"sum": 16')
        expect(page.get_by_role("textbox", name="Request")).to_have_value('{"data": [1, 2, 3]}')
        # The page reads it again by itself.
        row = page.get_by_role("row").filter(has_text="blue").first
        expect(row).to_contain_text(re.compile(r"Succeeded\s*100 %\s*1/1"))
        expect(row.get_by_role("cell").nth(6)).to_contain_text(" ms", timeout=SECONDS)
        expect(page.get_by_label("Log of blue, instance 0").first).not_to_be_empty()

        slider, save = page.get_by_label("blue", exact=True), page.get_by_role("button", name="Save traffic")
        slider.fill("50")
        expect(page.get_by_text("The shares add up to 50")).to_be_visible()
        expect(save).to_be_disabled()
        slider.fill("0")
        save.click()
        expect(row).to_contain_text(re.compile(r"Succeeded\s*0 %"))
        assert (traffic_of(served), served.ask().status_code) == ({}, 503)
        page.get_by_label("blue", exact=True).fill("100")
        page.get_by_role("button", name="Save traffic").click()
        expect(row).to_contain_text(re.compile(r"Succeeded\s*100 %"))
        assert axe_findings(page) == []
    assert (traffic_of(served), served.ask().status_code) == ({"blue": 100}, 200)
    (event,) = data_of(served.mlw("activity", "list", "--max-events", "1", "-o", "json"))
    assert event["operationName"].endswith("onlineEndpoints/write")


def test_a_reader_sees_endpoints_and_changes_nothing(served: Served) -> None:
    with opened(served, "--principal", "reader") as page:
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_contain_text("onlineEndpoints/score/action")
        page.get_by_label("blue", exact=True).fill("0")
        page.get_by_role("button", name="Save traffic").click()
        expect(page.get_by_role("alert")).to_contain_text("onlineEndpoints/write")
        expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    assert (traffic_of(served), served.ask().status_code) == ({"blue": 100}, 200)


def test_a_page_of_another_port_cannot_use_the_session(served: Served) -> None:
    name = served.stack.stack.name
    with running_studio(served.stack.stack.environment, name, program="mlw") as studio, requests.Session() as browser:
        browser.get(studio.link, timeout=30)
        form = {"action": "traffic", "endpoint": "sums", "before": "blue=100", "share.blue": "0"}
        address = f"{studio.base}/stacks/{name}/endpoints"

        refused = browser.post(address, data=form, headers={"Origin": "http://127.0.0.1:8888"}, timeout=60)

    assert refused.status_code == 403
    assert traffic_of(served) == {"blue": 100}
