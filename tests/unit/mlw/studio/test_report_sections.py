"""Reports in panels: ranges, links, queries to copy, errors in their place."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from infra.errors import ServiceError
from mlw.insights.access import NoQueryRightError
from mlw.insights.client import InsightsClient
from mlw.insights.time_ranges import TimeRangeError
from mlw.stacks.stacks import NotUpError
from mlw.studio.panel import PanelRequest
from mlw.studio.range_choice import range_values
from mlw.studio.report_sections import insights_of, section
from mlw.studio.stack_access import StackAccess
from mlw.studio.studio_application import Studio
from tests.unit.mlw.studio.conftest import STACK

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
OPERATION = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def access(studio: Studio) -> StackAccess:
    return studio.access.of(STACK)


@pytest.mark.parametrize(
    ("parameters", "start", "end"),
    [
        ({}, "2026-11-28T12:00:00+00:00", "2026-11-29T12:00:00+00:00"),
        ({"offset": "1h"}, "2026-11-29T11:00:00+00:00", "2026-11-29T12:00:00+00:00"),
        ({"start": "2026-11-28", "end": "2026-11-29"}, "2026-11-28T00:00:00+00:00", "2026-11-29T00:00:00+00:00"),
        (
            {"start": "2026-11-28", "end": "2026-11-29", "offset": "1h"},
            "2026-11-28T00:00:00+00:00",
            "2026-11-29T00:00:00+00:00",
        ),
    ],
    ids=["default", "length", "times", "times win"],
)
def test_the_address_names_the_range(access: StackAccess, parameters: dict[str, str], start: str, end: str) -> None:
    found = PanelRequest(access=access, parameters=parameters, now=NOW).time_range

    assert (found.start.isoformat(), found.end.isoformat()) == (start, end)


def test_a_range_that_cannot_be_understood_is_explained(browser: TestClient, access: StackAccess) -> None:
    with pytest.raises(TimeRangeError):
        range_values(PanelRequest(access=access, parameters={"offset": "soon"}))
    assert "not a length of time" in browser.get(f"/stacks/{STACK}/map?offset=soon").text


def test_the_link_to_copy_keeps_the_times(access: StackAccess) -> None:
    values = range_values(PanelRequest(access=access, parameters={"offset": "1h", "service": "a b"}, now=NOW))

    assert values["fixed_link"] == "?service=a+b&start=2026-11-29T11%3A00%3A00Z&end=2026-11-29T12%3A00%3A00Z"
    assert (values["range_chosen"], values["other_parameters"]) == ("1h", {"service": "a b"})


def test_the_query_is_complete_and_escaped(access: StackAccess) -> None:
    found = section(PanelRequest(access=access, now=NOW), "requests", {"service": "o'brien", "operation": None})

    assert "cloud_RoleName = 'o''brien'" in found.sql
    assert "$" not in found.sql


def test_cells_lead_to_the_trace_in_the_same_range(access: StackAccess) -> None:
    found = section(PanelRequest(access=access, parameters={"offset": "1h"}, now=NOW), "failures")

    links = {cell.text: cell.href for cell in found.cells[0] if cell.href}
    assert links[OPERATION] == f"/stacks/{STACK}/search?offset=1h&operation_id={OPERATION}"
    assert found.headings[5] == ("Count", True)


def test_an_error_of_the_service_is_shown_in_its_place(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_query: object, **_rows: object) -> None:
        raise ServiceError("the store is <busy>")

    monkeypatch.setattr(InsightsClient, "query", fail)

    for panel in ("map", "performance", "failures", "search", "live", "availability", "metrics"):
        text = browser.get(f"/stacks/{STACK}/{panel}").text
        assert "the store is &lt;busy&gt;" in text
        assert "This panel cannot be shown" not in text
        assert "Copy query" in text


def test_who_cannot_query_is_told_why(access: StackAccess) -> None:
    with pytest.raises(NotUpError, match="by a version that cannot be queried"):
        insights_of(StackAccess(stack=access.stack, principal="", endpoints={}, credentials={}))
    with pytest.raises(NoQueryRightError, match="as principal 'cole': its role does not allow queries"):
        insights_of(StackAccess(stack=access.stack, principal="cole", endpoints=access.endpoints, credentials={}))
