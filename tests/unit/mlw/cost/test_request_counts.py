"""Requests are counted by day, noted once, and a failure is reported."""

from datetime import UTC, datetime

import pytest

from infra.errors import ServiceUnreachableError
from mlw.cost import request_counts, usage_ledger
from mlw.insights import access
from mlw.insights.client import QueryResult
from mlw.insights.time_ranges import TimeRange
from mlw.stacks.stacks import open_stack
from tests.unit.states import Place, a_workspace, resource_id, stack_id, the_outputs

TODAY = datetime.now(UTC)
RANGE = TimeRange(TODAY.replace(year=TODAY.year - 1), TODAY)


class Insights:
    """Answers with two days."""

    def query(self, sql: str, time_range: TimeRange) -> QueryResult:
        assert sql == request_counts.QUERY
        assert (time_range.end - time_range.start).days == request_counts.DAYS
        rows = [["2026-11-28T00:00:00Z", 7], ["2026-11-29T00:00:00Z", 30_000]]
        return QueryResult(("day", "count"), ("datetime", "long"), rows, RANGE, is_truncated=False)


def deploy(place: Place, *, insights: bool) -> None:
    endpoints = {key: url for key, url in the_outputs("dev")["endpoints"].items() if key != "insights" or insights}
    place.deploy("dev", a_workspace("dev", outputs=the_outputs("dev", endpoints=endpoints)))


def test_requests_are_counted_by_day(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(place, insights=True)
    monkeypatch.setattr(access, "connect", lambda _: Insights())

    assert request_counts.count(open_stack("dev")) == ""

    assert usage_ledger.read(stack_id("dev"))["requests"] == {
        "2026-11-28": {"resourceId": resource_id("dev", "applicationInsights"), "count": 7},
        "2026-11-29": {"resourceId": resource_id("dev", "applicationInsights"), "count": 30_000},
    }


def test_a_workspace_that_cannot_be_asked_is_reported(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> Insights:
        raise ServiceUnreachableError("querying: it does not answer.")

    deploy(place, insights=True)
    monkeypatch.setattr(access, "connect", fail)

    assert request_counts.count(open_stack("dev")) == "querying: it does not answer."


def test_a_workspace_without_a_query_service_has_no_requests(place: Place) -> None:
    deploy(place, insights=False)

    assert request_counts.count(open_stack("dev")) == ""
    assert usage_ledger.identities() == []
