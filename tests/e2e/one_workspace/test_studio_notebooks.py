"""Files of notebooks in the studio, in a real browser: shown without what does harm, replaced after a question."""

from playwright.sync_api import FilePayload, Page, expect

from tests.support.example_notebooks import example, notebook
from tests.support.object_store import s3_client
from tests.support.stacks import LiveStack
from tests.support.studio import PICTURES
from tests.support.studio_visitors import Visitor, notebooks_container

NAME = "first look.ipynb"
CHANGED = notebook({"cell_type": "raw", "source": "a second version", "metadata": {}})


class Store:
    """The file store, as an outside client sees it."""

    def __init__(self, live: LiveStack, folder: str) -> None:
        self._s3, self._container, self._folder = s3_client(live.outputs), notebooks_container(live), folder

    def names(self) -> list[str]:
        found = self._s3.list_objects_v2(Bucket=self._container, Prefix=self._folder).get("Contents", [])
        return [one["Key"].removeprefix(self._folder) for one in found]

    def read(self, name: str) -> bytes:
        return self._s3.get_object(Bucket=self._container, Key=f"{self._folder}{name}")["Body"].read()


def upload(page: Page, content: bytes) -> None:
    page.get_by_label("Upload files").set_input_files(FilePayload(name=NAME, mimeType="", buffer=content))


def uploaded(page: Page, content: bytes, button: str) -> None:
    """Upload a file that exists, and decide."""
    upload(page, content)
    expect(page.get_by_role("alert")).to_contain_text("a file of this name exists. Replace it?")
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def test_files_are_uploaded_shown_renamed_and_deleted(visitor: Visitor, live: LiveStack, marker: str) -> None:
    store, page = Store(live, f"Users/{marker}/"), visitor.open("notebooks")

    page.get_by_label("New folder").fill(marker)
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name=marker, exact=True).click()
    expect(page.get_by_text("No files here.")).to_be_visible()
    upload(page, example())
    expect(page.get_by_role("link", name=NAME, exact=True)).to_be_visible()
    assert store.read(NAME) == example()

    page.get_by_role("link", name=NAME, exact=True).click()
    see_the_notebook(page)
    page.get_by_role("link", name=marker, exact=True).click()

    uploaded(page, CHANGED, "Keep the file")
    assert store.read(NAME) == example()
    uploaded(page, CHANGED, "Replace the file")
    assert store.read(NAME) == CHANGED

    page.get_by_role("link", name=f"Rename {NAME}").click()
    page.get_by_label("New name").fill("renamed.ipynb")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("link", name="renamed.ipynb", exact=True)).to_be_visible()
    assert store.names() == ["", "renamed.ipynb"]

    page.get_by_role("link", name="Delete renamed.ipynb").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    assert store.read("renamed.ipynb") == CHANGED
    page.get_by_role("link", name="Delete renamed.ipynb").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No files here.")).to_be_visible()
    assert store.names() == [""]
    delete_folder(page, marker)
    assert store.names() == []


def see_the_notebook(page: Page) -> None:
    """Its text, its tables and its picture are there; none of its scripts ran, none of its addresses was asked for."""
    expect(page.get_by_role("heading", name="Churn")).to_be_visible()
    expect(page.get_by_role("cell", name="0.91")).to_be_visible()
    loaded = page.get_by_alt_text("Picture that cell 5 printed")
    expect(loaded).to_have_js_property("naturalWidth", 8)
    assert page.title().startswith("Notebooks")
    harm = page.locator("main").locator("script, style, iframe, form, svg[onload], [onclick], [style], img[src=x]")
    expect(harm).to_have_count(0)
    page.screenshot(path=PICTURES / "notebook.png", full_page=True)


def delete_folder(page: Page, name: str) -> None:
    page.get_by_role("link", name="Users", exact=True).click()
    page.get_by_role("link", name=f"Delete {name}").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
