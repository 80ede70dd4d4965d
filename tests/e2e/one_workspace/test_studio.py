"""The studio in a real browser: every panel, both themes, a narrow screen, the keyboard, and names that would do harm.

With `--pictures`, pictures of every panel are saved in `build/studio`, for people to look at. Without it, `readme.png`,
which is copied to docs/images/studio.png, and `watch.png`, a picture of `mlw watch` that is copied to
docs/images/watch.png.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Literal
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Download, ViewportSize, expect

from mlw.studio.panel_table import PANELS
from tests.support.insights_rows import EVIL
from tests.support.stacks import LiveStack
from tests.support.studio import PICTURES, RunningStudio, axe_findings
from tests.support.studio_visitors import FOLDER, NOTEBOOKS, Login, Visitor
from tests.support.terminals import refreshed

THEMES: Mapping[Literal["light", "dark"], tuple[str, ...]] = {
    "light": (),
    "dark": ("color-contrast", "link-in-text-block"),
}
"""Each theme to the rules that it is checked for: all of them once, then those on what differs, the colours."""

OPERATION = "4bf92f3577b34da6a3ce929d0e0e4736"
NARROW: ViewportSize = {"width": 390, "height": 800}
PICTURE: ViewportSize = {"width": 1280, "height": 760}
PICTURE_BYTES = 200_000
TERMINAL = """<pre style="display: inline-block; padding: 16px 20px; margin: 0; background: #1d2330; color: #dfe5ee;
font: 14px/1.45 'DejaVu Sans Mono', monospace">{text}</pre>"""
FIRST_PAGE_SECONDS, RESIDENT_MIB = 10.0, 80
"""Seconds for two pages in a browser that has just started, next to other tests; alone it is one."""
RESIDENT_MIB_OF_ALL = 100
"""After every panel."""


PLACES = [
    "/",
    *PANELS,
    f"search?operation_id={OPERATION}",
    "failures?problem=ValueError",
    f"metrics?name={quote(EVIL)}",
    "storage?container=azureml",
    f"storage?container=azureml&folder={FOLDER}",
    f"storage?container=azureml&folder={FOLDER}&blob={FOLDER}train.csv",
    "registry?repository=studio/model",
    "runs?metric=loss",
    f"runs?run={3:032x}",
    "jobs?job=graph",
    "jobs?job=tuning",
    "jobs?job=running&paused=yes",
    f"notebooks?folder={NOTEBOOKS}",
    f"notebooks?folder={NOTEBOOKS}&ask=delete&target={NOTEBOOKS}churn.ipynb",
    f"notebooks?file={NOTEBOOKS}churn.ipynb",
    f"models?model={quote(EVIL)}",
    "endpoints?endpoint=churn&paused=yes",
]


def _name(place: str) -> str:
    return (
        place.strip("/").partition("%")[0].replace("?", "-").replace("=", "-").replace("&", "-").replace("/", "")
        or "home"
    )


@pytest.mark.parametrize("place", PLACES, ids=_name)
def test_a_panel_is_sound_in_both_themes_and_on_a_narrow_screen(
    visitor: Visitor, place: str, pytestconfig: pytest.Config
) -> None:
    page, takes_pictures = visitor.open(place), pytestconfig.getoption("--pictures")

    expect(page.get_by_text("This panel cannot be shown")).to_have_count(0)
    for theme, rules in THEMES.items():
        page.emulate_media(color_scheme=theme)
        assert axe_findings(page, rules=rules) == []
        if takes_pictures:
            page.screenshot(path=PICTURES / f"{_name(place)}-{theme}.png", full_page=True)
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    if takes_pictures:
        page.screenshot(path=PICTURES / f"{_name(place)}-narrow.png", full_page=True)


@pytest.mark.parametrize(
    "place",
    [
        "secrets",
        "runs",
        f"runs?run={0:032x}",
        "models",
        "jobs",
        "jobs?job=whole",
        "jobs?job=graph",
        "schedules",
        "endpoints",
        "endpoints?endpoint=churn&paused=yes",
        f"storage?container=azureml&folder={FOLDER}",
        f"search?operation_id={OPERATION}",
        "failures",
        f"notebooks?folder={NOTEBOOKS}",
        f"notebooks?file={NOTEBOOKS}churn.ipynb",
    ],
)
def test_names_that_would_do_harm_are_shown_as_text(visitor: Visitor, place: str) -> None:
    page = visitor.open(place)

    expect(page.get_by_text("<img src=x onerror=alert(1)>").first).to_be_attached()
    assert page.locator("img[src=x]").count() == 0


def test_the_keyboard_alone_leads_to_a_panel(visitor: Visitor) -> None:
    page = visitor.open("overview")

    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to content")
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.get_by_role("link", name="Performance").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Performance", level=1)).to_be_visible()
    expect(page.locator("#content")).to_be_focused()
    assert page.locator(".chart canvas").count() == 2


def test_the_picture_for_the_readme_is_small(visitor: Visitor) -> None:
    page = visitor.open("performance")
    page.set_viewport_size(PICTURE)
    page.emulate_media(color_scheme="light")
    expect(page.locator(".chart canvas")).to_have_count(2)

    assert len(page.screenshot(path=PICTURES / "readme.png")) < PICTURE_BYTES


def test_the_picture_of_mlw_watch_is_what_a_terminal_shows(browser: Browser, live: LiveStack) -> None:
    shown = refreshed(live.stack.environment, ["mlw", "watch", live.stack.name, "--interval", "0.5"], times=3)
    page = browser.new_page(device_scale_factor=2)
    page.set_content(TERMINAL.format(text=escape(shown)))

    terminal = page.locator("pre")
    size = len(terminal.screenshot(path=PICTURES / "watch.png"))
    page.close()

    assert shown.startswith(f"Workspace '{live.stack.name}'")
    assert len(re.findall(r"^\w+ +ready .* MiB", shown, re.MULTILINE)) == len(live.services)
    assert size < PICTURE_BYTES


def test_a_range_is_part_of_the_address(visitor: Visitor) -> None:
    page = visitor.open("performance?service=scoring")

    page.get_by_label("Time range").select_option("1h")
    page.wait_for_url("**offset=1h**")

    assert "service=scoring" in page.url
    expect(page.get_by_label("Time range")).to_have_value("1h")


def test_the_switch_changes_the_theme_and_is_remembered(visitor: Visitor) -> None:
    page = visitor.open("performance")
    page.emulate_media(color_scheme="light")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.evaluate("localStorage.clear()")


def test_the_query_of_a_report_can_be_copied(visitor: Visitor, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open("failures")

    page.get_by_role("button", name="Copy query of Exceptions by problem").click()
    expect(page.get_by_role("status")).to_have_text("Copied: query")

    assert "from exceptions" in page.evaluate("navigator.clipboard.readText()")


def test_a_blob_is_downloaded_and_not_shown(visitor: Visitor) -> None:
    page = visitor.open(f"storage?container=azureml&folder={FOLDER}")

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download train.csv").click()
    download: Download = waiting.value

    assert download.suggested_filename == "train.csv"
    assert download.path().read_bytes() == b"<script>alert(1)</script>" * 40
    expect(page.get_by_role("heading", name="Storage browser")).to_be_visible()


def test_the_login_link_works_once_and_other_hosts_are_refused(context: BrowserContext, studio: RunningStudio) -> None:
    again = requests.get(studio.link, timeout=10)
    without_login = requests.get(studio.base, timeout=10)
    foreign = requests.get(studio.base, headers={"Host": "attacker.example"}, timeout=10)

    assert (again.status_code, without_login.status_code, foreign.status_code) == (403, 401, 403)
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


def test_it_is_quick_and_small(login: Login, studio: RunningStudio) -> None:
    assert login.seconds < FIRST_PAGE_SECONDS
    assert login.mib < RESIDENT_MIB
    # With the rules of settings, which a principal's page of computes needs, and the examples of these tests.
    assert studio.resident_mib() < RESIDENT_MIB_OF_ALL
