"""A studio for a principal shows what its roles allow, over TLS; the services decide."""

import pytest
import requests

from tests.support.object_store import s3_client
from tests.support.role_attempts import Scene
from tests.support.stacks import LiveStack
from tests.support.studio import running_studio
from tests.support.studio_visitors import notebooks_container
from tests.support.vault import write_secret

PANELS = ("overview", "notebooks", "storage", "registry", "secrets", "access", "activity")
REFUSED = "This panel cannot be shown"
MAY_NOT = "do not include it"


@pytest.mark.parametrize(
    ("principal", "shown"),
    [
        ("reader", {"overview", "storage", "registry", "secrets", "access"}),
        ("compute-operator", {"registry", "access"}),
    ],
)
def test_panels_show_what_the_roles_allow(
    roles_stack: LiveStack, scene: Scene, principal: str, shown: set[str]
) -> None:
    write_secret(roles_stack.outputs, scene.marker, {"value": "never-shown"})
    name = roles_stack.stack.name
    with running_studio(roles_stack.stack.environment, name, "--principal", principal) as studio:
        browser = requests.Session()
        browser.get(studio.link, timeout=30)
        pages = {panel: browser.get(f"{studio.base}/stacks/{name}/{panel}", timeout=60).text for panel in PANELS}

    assert {panel for panel, text in pages.items() if REFUSED not in text} == shown
    assert all("never-shown" not in text for text in pages.values())
    assert (scene.marker in pages["secrets"]) == ("secrets" in shown)


@pytest.mark.parametrize(("principal", "may_write"), [("secret-auditor", False), ("data-scientist", True)])
def test_files_of_notebooks_are_changed_by_those_who_may(
    roles_stack: LiveStack, marker: str, principal: str, *, may_write: bool
) -> None:
    name, s3 = roles_stack.stack.name, s3_client(roles_stack.outputs)
    container, path = notebooks_container(roles_stack), f"Users/{marker}"
    revision = s3.put_object(Bucket=container, Key=path, Body=b"x")["ETag"].strip('"')
    with running_studio(roles_stack.stack.environment, name, "--principal", principal) as studio:
        browser, panel = requests.Session(), f"{studio.base}/stacks/{name}/notebooks"
        browser.get(studio.link, timeout=30)
        browser.headers["Origin"] = studio.base
        page = browser.get(panel, timeout=60).text
        assert ">x</pre>" in browser.get(panel, params={"file": path}, timeout=60).text
        uploaded = browser.post(f"{panel}/upload", params={"name": f"{marker}-2"}, data=b"y", timeout=60)
        question = {"action": "delete", "path": path, "revision": revision}
        deleted = browser.post(panel, data=question, timeout=60).text

    left = s3.list_objects_v2(Bucket=container, Prefix=path).get("Contents", [])
    assert [one["Key"] for one in left] == ([f"{path}-2"] if may_write else [path])
    assert ("Upload files" in page, uploaded.status_code) == ((True, 201) if may_write else (False, 400))
    assert (MAY_NOT in uploaded.text, MAY_NOT in deleted) == (not may_write, not may_write)
    s3.delete_object(Bucket=container, Key=left[0]["Key"])
