"""What roles allow, by service: services that a workspace does not have are left out."""

import pytest

from mlw.studio.panels import access_panel
from tests.unit.states import the_outputs


@pytest.mark.parametrize(
    ("more", "titles"),
    [({}, set()), ({"computes": [{"name": "local"}]}, {"Jobs and assets"})],
    ids=["without computes", "with computes"],
)
def test_jobs_and_assets_are_shown_only_with_computes(more: dict[str, object], titles: set[str]) -> None:
    shown = {access_panel.TITLES[service] for service in access_panel.services_of(the_outputs("dev", **more))}

    assert shown & {"Jobs and assets", "Tracking server"} == titles
