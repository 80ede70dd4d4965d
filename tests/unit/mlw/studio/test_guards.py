"""Who gets in: hosts, the login link, sessions, and the headers that every response has."""

import pytest
from starlette.testclient import TestClient

from mlw.studio.guards import HEADERS
from mlw.studio.sessions import Sessions
from mlw.studio.studio_application import Studio

PANEL = "/stacks/churn/overview"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8790", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:8790", "[::1]:8790", ""],
)
@pytest.mark.parametrize("path", ["/", "/static/studio.css", "/login/x"])
def test_requests_for_another_host_are_refused_even_with_a_session(browser: TestClient, host: str, path: str) -> None:
    response = browser.get(path, headers={"Host": host})

    assert (response.status_code, "127.0.0.1 only" in response.text) == (403, True)


@pytest.mark.parametrize("host", ["127.0.0.1:8790", "localhost:8790", "LOCALHOST:8790"])
def test_both_local_names_are_served(browser: TestClient, host: str) -> None:
    assert browser.get(PANEL, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", PANEL, "/stacks/churn/storage/download?container=a&blob=b", "/no-such-page"])
def test_without_a_session_nothing_is_shown(stranger: TestClient, path: str) -> None:
    response = stranger.get(path, headers={"Cookie": "mlw-studio-8790=guessed"})

    assert response.status_code == 401
    assert "churn" not in response.text


def test_a_wrong_login_token_is_refused_and_uses_nothing_up(stranger: TestClient, studio: Studio) -> None:
    assert stranger.get("/login/wrong").status_code == 403
    assert stranger.get("/login/t\u00e4st").status_code == 403
    assert stranger.get(f"/login/{studio.sessions.login_token}").status_code == 200


def test_the_login_link_works_once(stranger: TestClient, studio: Studio) -> None:
    link = studio.login_url

    first, second = stranger.get(link), stranger.get(link)

    assert (first.status_code, second.status_code) == (200, 403)
    assert "set-cookie" not in second.headers
    assert studio.sessions.login_token == ""


def test_the_cookie_is_for_this_page_only(stranger: TestClient, studio: Studio) -> None:
    cookie = stranger.get(studio.login_url).headers["set-cookie"]

    assert cookie.startswith("mlw-studio-8790=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize("path", ["/", PANEL, "/static/studio.css", "/login/wrong", "/no-such-page"])
def test_every_response_has_the_protecting_headers(browser: TestClient, path: str) -> None:
    response = browser.get(path)

    assert {name: response.headers.get(name) for name in HEADERS} == dict(HEADERS)
    assert "unsafe" not in response.headers["Content-Security-Policy"]


def test_pages_are_not_stored(browser: TestClient) -> None:
    assert browser.get(PANEL).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["../serve.py", "..%2Fserve.py", "%2e%2e%2fserve.py", "/etc/passwd", "serve.py", ""])
def test_only_the_listed_files_are_served(stranger: TestClient, name: str) -> None:
    assert stranger.get(f"/static/{name}").status_code in {401, 404}


def test_files_of_the_page_and_of_other_projects_are_served(stranger: TestClient) -> None:
    assert stranger.get("/static/htmx.min.js").text == "htmx"
    assert "prefers-color-scheme" in stranger.get("/static/studio.css").text


def test_sessions_differ_and_end_with_the_process() -> None:
    one, other = Sessions(), Sessions()
    session = one.begin(one.login_token)

    assert session
    assert (one.is_open(session), other.is_open(session), one.is_open("")) == (True, False, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_panel_without_a_form_is_only_read(browser: TestClient, method: str) -> None:
    assert browser.request(method, PANEL, headers=OWN).status_code == 405


OWN = {"Origin": "http://127.0.0.1:8790", "Sec-Fetch-Site": "same-origin"}
FORM = "/stacks/churn/endpoints"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:8791"},
        {"Origin": "http://127.0.0.1:8791", "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:8790", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=["no word", "other port", "notebook", "elsewhere", "hidden", "hidden, same host", "contradiction", "typed"],
)
def test_a_form_of_another_page_is_refused_although_the_browser_sends_the_cookie(
    browser: TestClient, headers: dict[str, str]
) -> None:
    response = browser.post(FORM, data={"action": "nothing"}, headers=headers)

    assert (response.status_code, "not from a page of this studio" in response.text) == (403, True)


@pytest.mark.parametrize(
    "headers", [OWN, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}], ids=["script", "form without a referrer"]
)
def test_a_form_of_this_page_is_read(browser: TestClient, headers: dict[str, str]) -> None:
    response = browser.post(FORM, data={"action": "nothing"}, headers=headers)

    assert (response.status_code, "there is no action &#39;nothing&#39;" in response.text) == (200, True)


def test_a_form_without_a_session_is_refused(stranger: TestClient) -> None:
    assert stranger.post(FORM, data={"action": "nothing"}, headers=OWN).status_code == 401


def test_a_form_that_is_too_large_is_not_kept(browser: TestClient) -> None:
    response = browser.post(FORM, data={"body": "x" * (5 << 20)}, headers=OWN)

    assert response.status_code == 413
