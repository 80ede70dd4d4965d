"""A studio for a principal shows what its roles allow, over TLS; the services decide."""

import pytest
import requests

from tests.support.role_attempts import Scene
from tests.support.stacks import LiveStack
from tests.support.studio import running_studio
from tests.support.vault import write_secret

PANELS = ("overview", "storage", "registry", "secrets", "access", "activity")
REFUSED = "This panel cannot be shown"


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
