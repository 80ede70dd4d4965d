"""What the pages show, and what they show when something fails."""

import dataclasses
import re

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from infra.errors import ServiceUnreachableError
from mlw.studio import studio_application, workspace_list
from mlw.studio.panel import PanelRequest
from mlw.studio.panel_table import PANELS
from mlw.studio.studio_application import Studio
from tests.support.insights_rows import EVIL
from tests.support.markup import Elements
from tests.unit.mlw.studio.conftest import PORT, STACK
from tests.unit.states import CREDENTIALS

PAGES = [
    *(f"/stacks/{STACK}/{key}" for key in PANELS),
    f"/stacks/{STACK}/storage?container=data",
    f"/stacks/{STACK}/storage?container=data&blob=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
    f"/stacks/{STACK}/registry?repository=models/churn",
    f"/stacks/{STACK}/secrets?filter=gone",
    f"/stacks/{STACK}/search?operation_id=4bf92f3577b34da6a3ce929d0e0e4736&offset=1h",
    f"/stacks/{STACK}/search?text=score&item_type=request&success=no&service=scoring",
    f"/stacks/{STACK}/failures?problem=ValueError",
    f"/stacks/{STACK}/metrics?name=m&service=scoring",
    f"/stacks/{STACK}/performance?service=scoring&operation=x&start=2026-11-29T10:00&end=2026-11-29T11:00",
    f"/stacks/{STACK}/runs?experiment=churn&sort=accuracy:desc&columns=accuracy,params.depth,tags.team",
    f"/stacks/{STACK}/runs?sort=params.",
    f"/stacks/{STACK}/runs?metric=loss",
    f"/stacks/{STACK}/runs?metric=nosuch",
    f"/stacks/{STACK}/runs?experiment=nosuch",
    f"/stacks/{STACK}/runs?run=00000000000000000000000000000003",
    f"/stacks/{STACK}/runs?run=00000000000000000000000000000003&x=time&folder=plots",
    f"/stacks/{STACK}/models?model=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%22%27",
    f"/stacks/{STACK}/experiments?deleted=yes",
    f"/stacks/{STACK}/live?paused=yes",
    f"/stacks/{STACK}/jobs?view=all",
    f"/stacks/{STACK}/endpoints?endpoint=churn",
    f"/stacks/{STACK}/endpoints?endpoint=churn&deployment=green&body=%3Cscript%3E&paused=yes",
    f"/stacks/{STACK}/notebooks?folder=Users/ana/",
    f"/stacks/{STACK}/notebooks?folder=Users/ana/&ask=rename&target=Users/ana/churn.ipynb",
    f"/stacks/{STACK}/notebooks?ask=delete&target=Users/bea/",
    f"/stacks/{STACK}/notebooks?file=Users/ana/churn.ipynb",
    *(f"/stacks/{STACK}/jobs?job={name}" for name in ("whole", "failed", "running", "graph", "graph-train", "tuning")),
]


@pytest.mark.parametrize("path", ["/", *PAGES])
def test_every_page_opens_with_no_name_as_an_element_and_no_credential(browser: TestClient, path: str) -> None:
    response = browser.get(path)

    assert response.status_code == 200
    assert "This panel cannot be shown" not in response.text
    assert_no_name_is_an_element_or_an_attribute(response.text)
    assert [
        value for held in CREDENTIALS.values() for value in held.values() if value in response.text and value != "admin"
    ] == []


def assert_no_name_is_an_element_or_an_attribute(text: str) -> None:
    """Fail if a page has scripts, styles, sources or links that are not its own."""
    elements = Elements(text).found
    inline = [one for one in elements if any(name.startswith("on") or name == "style" for name in one[1])]
    sources = {str(attributes["src"]) for _, attributes in elements if "src" in attributes}
    links = {str(attributes["href"]) for _, attributes in elements if "href" in attributes}
    assert inline == []
    assert all(source.startswith(("/static/", f"/stacks/{STACK}/notebooks/picture?")) for source in sources)
    elsewhere = {link for link in links if not link.startswith(("/", "#")) or link.startswith("//")}
    assert elsewhere <= {"http://127.0.0.1:20008"}  # MLflow's own page
    assert [tag for tag, attributes in elements if tag in {"script", "style"} and "src" not in attributes] == []


def test_a_name_that_does_harm_is_shown_as_text(browser: TestClient) -> None:
    for path in (f"/stacks/{STACK}/secrets", f"/stacks/{STACK}/storage?container=data"):
        assert "&lt;img src=x onerror=alert(1)&gt;" in browser.get(path).text


def test_the_start_lists_workspaces_with_ids_and_tags(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlw.stacks.workspaces._running_containers", lambda: {"id-of-churn": 4})

    text = browser.get("/").text

    assert all(word in text for word in ("mlw-churn", "rg-churn", "4 of 4 containers run", "a@example.org"))
    assert "/resourceGroups/rg-churn/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn" in text


def test_the_start_without_an_engine_says_why(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_stacks: object) -> None:
        raise ServiceUnreachableError("the engine does not respond")

    monkeypatch.setattr(workspace_list, "list_all", fail)

    assert "the engine does not respond" in browser.get("/").text


def test_a_failing_service_is_reported_in_the_panel(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    response = _with_load(browser, monkeypatch, ServiceUnreachableError(f"no answer {EVIL}"))

    assert response.status_code == 200
    assert "This panel cannot be shown" in response.text
    assert "no answer &lt;img" in response.text
    assert 'aria-label="Panels"' in response.text


def test_an_unexpected_error_shows_no_traceback(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    response = _with_load(browser, monkeypatch, ValueError("a secret detail"))

    assert response.status_code == 200
    assert "unexpected ValueError" in response.text
    assert "a secret detail" not in response.text
    assert "Traceback" not in response.text


def _with_load(browser: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception) -> Response:
    def load(_request: PanelRequest) -> dict[str, str]:
        raise error

    failing = dataclasses.replace(PANELS["secrets"], load=load)
    monkeypatch.setattr(studio_application, "PANELS", {**PANELS, "secrets": failing})
    return browser.get(f"/stacks/{STACK}/secrets")


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("activity", "No events in this time range"),
        ("cost", "mlw cost sample"),
        ("secrets?filter=nothing-like-this", "No secret matches"),
        ("access", "roleAssignments"),
    ],
)
def test_an_empty_panel_says_what_to_do(browser: TestClient, path: str, advice: str) -> None:
    assert advice in browser.get(f"/stacks/{STACK}/{path}").text


def test_an_unknown_stack_is_named_with_those_that_exist(browser: TestClient) -> None:
    assert "Stacks: churn" in browser.get("/stacks/nobody/overview").text


@pytest.mark.parametrize("path", [f"/stacks/{STACK}/nothing", "/nothing"])
def test_an_unknown_page_is_not_found(browser: TestClient, path: str) -> None:
    response = browser.get(path)

    assert (response.status_code, "Back to the start" in response.text) == (404, True)


def test_a_studio_for_one_stack_shows_no_other(studio: Studio) -> None:
    only = dataclasses.replace(studio, stack="dev")
    browser = TestClient(only.application(), base_url=f"http://127.0.0.1:{PORT}", follow_redirects=False)
    browser.get(only.login_url)

    assert browser.get("/").headers["location"] == "/stacks/dev"
    assert "for stack &#39;dev&#39; only" in browser.get(f"/stacks/{STACK}/overview").text


def test_the_pages_of_blobs_lead_to_the_next_and_back(browser: TestClient) -> None:
    first = browser.get(f"/stacks/{STACK}/storage?container=data").text
    (link,) = re.findall(r'href="([^"]+)">Next page', first)
    second = browser.get(link.replace("&amp;", "&")).text

    assert "x097" in first
    assert "x098" not in first
    assert "x098" in second
    assert "First page" in second


def test_a_download_is_saved_and_never_shown(browser: TestClient) -> None:
    response = browser.get(f"/stacks/{STACK}/storage/download?container=data&blob=a/%22%0d%0aEvil:%20%E2%82%AC.html")

    assert response.content == b"<script>alert()"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Length"] == "15"
    wanted = "attachment; filename=\"___Evil_ _.html\"; filename*=UTF-8''%22%0D%0AEvil%3A%20%E2%82%AC.html"
    assert response.headers["Content-Disposition"] == wanted
    assert "Evil" not in response.headers


def test_a_failing_download_says_why(browser: TestClient) -> None:
    response = browser.get(f"/stacks/{STACK}/storage/download?account=other&container=data&blob=a")

    assert response.status_code == 502
    assert "has no such account" in response.text
