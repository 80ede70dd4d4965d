"""A studio for the workspace that tests share, and the people who look at it in a real browser."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize, expect, sync_playwright

from tests.support.example_notebooks import example
from tests.support.insights_rows import EVIL
from tests.support.object_store import s3_client
from tests.support.oci import registry_client, tiny_image
from tests.support.stacks import LiveStack
from tests.support.studio import RunningStudio, complaints_of, launch, running_studio
from tests.support.vault import write_secret

FOLDER, NOTEBOOKS = "studio/", "Users/studio/"
WIDE: ViewportSize = {"width": 1280, "height": 860}


def notebooks_container(live: LiveStack) -> str:
    """Container of the notebooks' file store."""
    stores = live.outputs["datastores"]
    return next(str(one["container"]) for one in stores if one["name"] == "workspaceworkingdirectory")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = launch(playwright)
    yield started
    started.close()


@pytest.fixture(scope="module")
def studio(live: LiveStack) -> Iterator[RunningStudio]:
    """A studio for the workspace, which has blobs, secrets and images."""
    s3 = s3_client(live.outputs)
    for name in (f"{FOLDER}train.csv", f"{FOLDER}train.csv", f"{FOLDER}{EVIL}"):
        s3.put_object(Bucket="azureml", Key=name, Body=b"<script>alert(1)</script>" * 40)
    for name, content in (("churn.ipynb", example()), (EVIL.replace("/", ""), b"a")):
        s3.put_object(Bucket=notebooks_container(live), Key=f"{NOTEBOOKS}{name}", Body=content)
    write_secret(live.outputs, f"studio-{EVIL}", {"value": "never-shown"})
    registry_client(live.outputs).push("studio/model", "v1", tiny_image(b"studio"))
    with running_studio(live.stack.environment) as started:
        yield started


class Visitor:
    """A person who is logged in, with everything that the browser complained about or asked for."""

    def __init__(self, context: BrowserContext, studio: RunningStudio, stack: str) -> None:
        self.page: Page = context.new_page()
        self.studio, self.stack = studio, stack
        self.complaints = complaints_of(self.page)
        self.hosts: set[str] = set()
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def open(self, place: str) -> Page:
        """Open a panel of the stack, with its parameters, or `/`."""
        path = place if place == "/" else f"/stacks/{self.stack}/{place}"
        self.page.goto(self.studio.base + path, wait_until="load")
        return self.page


@dataclass(frozen=True, slots=True)
class Login:
    """A browser that has used the login link; time and memory that the first page took."""

    context: BrowserContext
    seconds: float
    mib: float


@pytest.fixture(scope="module")
def login(browser: Browser, studio: RunningStudio) -> Iterator[Login]:
    made = browser.new_context(viewport=WIDE, accept_downloads=True)
    page = made.new_page()
    began = time.monotonic()
    page.goto(studio.link)
    page.wait_for_url(f"{studio.base}/")
    expect(page.get_by_role("heading", name="Workspaces")).to_be_visible()
    took = time.monotonic() - began
    page.close()
    yield Login(made, took, studio.resident_mib())
    made.close()


@pytest.fixture(scope="module")
def context(login: Login) -> BrowserContext:
    return login.context


@pytest.fixture
def visitor(context: BrowserContext, studio: RunningStudio, live: LiveStack) -> Iterator[Visitor]:
    made = Visitor(context, studio, live.stack.name)
    yield made
    made.page.close()
    assert made.complaints == []
    assert made.hosts <= {studio.base.partition("//")[2]}
