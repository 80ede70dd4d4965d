"""Compute instances for tests: their workspace, requests to JupyterLab, and JupyterLab in a real browser."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests
from playwright.sync_api import Browser, HttpCredentials, Page, expect

from tests.support.ca_certificates import ca_file
from tests.support.principals import Person, person
from tests.support.processes import Finished
from tests.support.stacks import LiveStack

NAME, USER = "ci-ana", "ana"
FILE = {"type": "file", "format": "text", "content": "x"}

MlwCompute = Callable[..., Finished]
"""Runs `mlw compute VERB STACK ...`."""


@contextmanager
def visitor(browser: Browser, login: HttpCredentials | None = None) -> Iterator[Page]:
    """A page of a browser of its own, which trusts the certificates of the workspace."""
    context = browser.new_context(ignore_https_errors=True, http_credentials=login)
    yield context.new_page()
    context.close()


def address(live: LiveStack) -> str:
    return next(str(one["endpoint"]) for one in live.outputs["computes"] if one["name"] == NAME)


def user(live: LiveStack, name: str = USER) -> Person:
    return person(live.outputs, name)


def ask(live: LiveStack, token: str, path: str = "/api/contents", method: str = "GET") -> int:
    headers = {"Authorization": f"token {token}"} if token else {}
    trusted = ca_file(live.outputs)
    return requests.request(method, address(live) + path, headers=headers, verify=trusted, timeout=20).status_code


def run_cell(browser: Browser, live: LiveStack, link: str, code: str, kernel: str = "Python 3") -> str:
    """Log in, create a notebook of a kernel, run one cell, and return what it printed."""
    lines = [line for line in code.splitlines() if line]
    with visitor(browser) as page:
        open_lab(page, live, link)
        cards = page.locator(".jp-LauncherCard[data-category='Notebook']")
        cards.filter(has_text=kernel).first.click(timeout=60_000)
        cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
        expect(page.get_by_text("| Idle")).to_be_visible(timeout=60_000)
        cell.click()
        page.keyboard.insert_text("\n".join([*lines, "print('the end')"]))
        expect(cell).to_contain_text("the end")
        page.keyboard.press("Shift+Enter")
        output = page.locator(".jp-Notebook .jp-OutputArea-output").last
        expect(output).to_contain_text("the end", timeout=90_000)
        return output.inner_text().replace("the end", "").strip()


def open_lab(page: Page, live: LiveStack, link: str = "") -> None:
    """Log in, and open JupyterLab as if for the first time."""
    page.goto(link or link_to(live))
    page.wait_for_url(re.compile(f"^{re.escape(address(live))}/lab"), timeout=30_000)
    page.goto(f"{address(live)}/lab?reset")


def link_to(live: LiveStack) -> str:
    """A link that logs its user in."""
    made = live.stack.environment.mlw("compute", "connect", live.stack.name, "-n", NAME, "--query", "url", "-o", "tsv")
    return made.check().stdout.strip()


def contents(
    live: LiveStack, path: str, method: str = "GET", model: dict[str, str] | None = None, instance: str = NAME
) -> requests.Response:
    """A request to an instance's JupyterLab, with the token of its user."""
    entry = next(one for one in live.stack.outputs()["computes"] if one["name"] == instance)
    token = user(live, entry["assignedUser"]).held["computeInstanceToken"]
    headers = {"Authorization": f"token {token}"}
    return requests.request(
        method, f"{entry['endpoint']}/{path}", json=model, verify=ca_file(live.outputs), timeout=30, headers=headers
    )
