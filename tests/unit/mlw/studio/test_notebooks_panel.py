"""The panel of notebooks: what is shown, what is asked, and what is offered to whom."""

import dataclasses
import re
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from infra.rules.roles.role_operations import BLOBS_DELETE, BLOBS_READ, BLOBS_WRITE
from mlw.client_environment import principal_access
from mlw.roles import principal_rights
from mlw.studio import notebook_requests
from mlw.studio.stack_access import AccessCache
from mlw.studio.studio_application import Studio
from tests.support.example_notebooks import picture
from tests.support.memory_folders import MemoryFolders
from tests.unit.mlw.studio.conftest import PORT, STACK

PANEL = f"/stacks/{STACK}/notebooks"
FOLDER, NOTEBOOK = "Users/ana/", "Users/ana/churn.ipynb"
OWN = {"Origin": f"http://127.0.0.1:{PORT}"}


def upload(browser: TestClient, name: str, content: bytes, revision: str = "") -> tuple[int, dict[str, str]]:
    address = f"{PANEL}/upload?folder={FOLDER}&name={quote(name)}&revision={revision}"
    response = browser.post(address, content=content, headers=OWN)
    return response.status_code, response.json()


def change(browser: TestClient, **form: str) -> str:
    """Send a form; returns the page that it leads to."""
    response = browser.post(PANEL, data=form, headers=OWN)
    return browser.get(response.headers["location"]).text if response.status_code == 303 else response.text


def fields(text: str) -> dict[str, str]:
    """Hidden fields of the question on a page."""
    question = text.partition('aria-labelledby="question"')[2].partition("</form>")[0]
    return dict(re.findall(r'type="hidden" name="([a-z]+)" value="([^"]*)"', question))


def test_a_notebook_is_shown_with_its_outputs_and_without_what_does_harm(browser: TestClient) -> None:
    text = browser.get(f"{PANEL}?file={NOTEBOOK}").text

    assert "<h3>Churn</h3>" in text
    assert "<td>0.91</td>" in text
    assert "ZeroDivision" in text
    assert "a page of the studio</a>" in text
    assert "<script>document" not in text
    assert "&lt;script&gt;document" in text, "what is written in Markdown or a raw cell is text"
    (address,) = re.findall(r'src="([^"]+/picture[^"]+)"', text)
    shown = browser.get(address.replace("&amp;", "&"))
    assert (shown.content, shown.headers["Content-Type"]) == (picture(), "image/png")


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("a.py", b"print('<b>')", "print(&#39;&lt;b&gt;&#39;)"),
        ("a.bin", b"\x00\x01", "It is not text, a notebook or a picture"),
        ("a.txt", b"\xff\xfe", "It is not text"),
        ("large.csv", b"x" * (1 << 20) + b"x", "It is too large to be shown here"),
        ("a.ipynb", b"{}", "only format 4 is shown"),
        ("empty.txt", b"", 'class="file"'),
        ("a.png", picture(), "/notebooks/picture?file="),
        ("a.svg", b"<svg onload=alert(1)>", "&lt;svg onload=alert(1)&gt;"),
        ("a.html", b"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ],
)
def test_a_file_is_shown_if_it_is_text_or_a_picture(browser: TestClient, name: str, content: bytes, shown: str) -> None:
    assert upload(browser, name, content)[0] == 201

    assert shown in browser.get(f"{PANEL}?file={FOLDER}{name}").text


def test_a_picture_that_is_none_is_not_sent(browser: TestClient) -> None:
    upload(browser, "a.png", b"<svg onload=alert(1)>")

    response = browser.get(f"{PANEL}/picture?file={FOLDER}a.png")

    assert (response.status_code, "onload" in response.text) == (502, False)


def test_an_upload_asks_before_it_replaces(browser: TestClient, folders_of_notebooks: MemoryFolders) -> None:
    content = folders_of_notebooks.content
    assert upload(browser, "new.txt", b"one") == (201, {"path": f"{FOLDER}new.txt"})
    status, asked = upload(browser, "new.txt", b"two")
    assert (status, content[f"{FOLDER}new.txt"]) == (200, b"one")
    assert "a file of this name exists" in asked["message"]

    assert upload(browser, "new.txt", b"two", asked["revision"])[0] == 201

    assert content[f"{FOLDER}new.txt"] == b"two"


def test_an_upload_has_a_limit_and_a_name(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_requests, "MOST_UPLOAD_BYTES", 3)

    status, said = upload(browser, "x", b"four")

    assert (status, "Upload it in JupyterLab" in said["message"]) == (400, True)
    assert upload(browser, "../x", b"a")[0] == 400


def test_a_deletion_asks_first(browser: TestClient, folders_of_notebooks: MemoryFolders) -> None:
    assert browser.get(f"{PANEL}/delete?target={NOTEBOOK}").status_code == 404
    text = browser.get(f"{PANEL}?folder={FOLDER}&ask=delete&target={NOTEBOOK}").text
    assert 'Delete <span class="name">churn.ipynb</span>?' in text
    assert NOTEBOOK in folders_of_notebooks.content

    shown = change(browser, **fields(text))

    assert NOTEBOOK not in folders_of_notebooks.content
    assert "churn.ipynb" not in shown


def test_a_file_that_changed_meanwhile_is_kept(browser: TestClient, folders_of_notebooks: MemoryFolders) -> None:
    asked = fields(browser.get(f"{PANEL}?folder={FOLDER}&ask=delete&target={NOTEBOOK}").text)
    folders_of_notebooks.content[NOTEBOOK] = b"saved by someone else"

    shown = change(browser, **asked)

    assert "Nothing was changed" in shown
    assert "it has changed since you were asked" in shown
    assert NOTEBOOK in folders_of_notebooks.content


def test_folders_are_made_and_files_renamed(browser: TestClient, folders_of_notebooks: MemoryFolders) -> None:
    shown = change(browser, action="make_folder", folder=FOLDER, name="data & more")
    assert "data &amp; more" in shown
    text = browser.get(f"{PANEL}?folder={FOLDER}&ask=rename&target={NOTEBOOK}").text

    change(browser, **fields(text), name="model.ipynb")

    assert {f"{FOLDER}data & more/", f"{FOLDER}model.ipynb"} <= set(folders_of_notebooks.content)


def test_a_download_is_saved(browser: TestClient) -> None:
    response = browser.get(f"{PANEL}/download?file={NOTEBOOK}")

    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="churn.ipynb"')


@pytest.mark.parametrize(
    "query", ["folder=../", "file=workspace.json", "file=Users/a/../../x", "ask=delete&target=other/"]
)
def test_nothing_else_of_the_container_is_shown(browser: TestClient, query: str) -> None:
    assert "of the notebooks&#39; file store" in browser.get(f"{PANEL}?{query}").text


def test_the_next_page_of_a_folder_begins_after_the_last_name(
    browser: TestClient, folders_of_notebooks: MemoryFolders
) -> None:
    folders_of_notebooks.content |= {f"Users/x{number:03}/a": b"" for number in range(200)}
    first = browser.get(PANEL).text
    (link,) = re.findall(r'href="([^"]+)">Next page', first)
    second = browser.get(link.replace("&amp;", "&")).text

    assert ("x097" in first, "x098" in first, "x098" in second) == (True, False, True)


@pytest.mark.parametrize(
    ("operations", "offers"),
    [
        ({BLOBS_READ}, set()),
        ({BLOBS_READ, BLOBS_WRITE}, {"Upload files", "New folder"}),
        ({BLOBS_READ, BLOBS_WRITE, BLOBS_DELETE}, {"Upload files", "New folder", ">Rename<", ">Delete<"}),
    ],
    ids=["reads", "writes", "deletes"],
)
def test_only_what_the_roles_allow_is_offered(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, operations: set[str], offers: set[str]
) -> None:
    held = {"storage": {"accessKey": "ana", "secretKey": "hers"}}
    monkeypatch.setattr(principal_access, "access_of_principal", lambda _stack, _name, endpoints: (endpoints, held))
    assignments = [
        SimpleNamespace(principal="ana", operations=operations),
        SimpleNamespace(principal="bea", operations={BLOBS_WRITE, BLOBS_DELETE}),
    ]
    monkeypatch.setattr(principal_rights, "settings_of", lambda _stack: SimpleNamespace(assignments=assignments))
    limited = dataclasses.replace(studio, stack=STACK, access=AccessCache("ana"))
    browser = TestClient(limited.application(), base_url=f"http://127.0.0.1:{PORT}", follow_redirects=False)
    browser.get(limited.login_url)

    text = browser.get(f"{PANEL}?folder={FOLDER}").text

    assert {word for word in ("Upload files", "New folder", ">Rename<", ">Delete<") if word in text} == offers
    if BLOBS_DELETE not in operations:
        assert "do not include" in change(browser, action="rename", path=NOTEBOOK, name="x")
