"""The phases of a run add up to the whole run, whatever the engine reports."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tools.bench.run_phases import RunPhases

CONTAINER = "urn:pulumi:ci::ml-workspace::ml-workspace:key:KeyVault$docker:index/container:Container::kv"
OTHER = "urn:pulumi:ci::ml-workspace::ml-workspace:engine:ReadyGate::kv"


def ticking() -> Callable[[], float]:
    """A clock that is a second later each time."""
    return map(float, count()).__next__


def pre(urn: str) -> dict[str, Any]:
    return {"resourcePreEvent": {"metadata": {"urn": urn}}}


def outputs(urn: str) -> dict[str, Any]:
    return {"resOutputsEvent": {"metadata": {"urn": urn}}}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            [pre(OTHER), pre(CONTAINER), pre(CONTAINER), outputs(CONTAINER), outputs(OTHER), {"summaryEvent": {}}],
            [1, 1, 2, 1, 1],
            id="up",
        ),
        pytest.param([pre(OTHER), outputs(OTHER)], [1, 0, 0, 1, 1], id="no container"),
        pytest.param([{"preludeEvent": {}}], [0, 0, 0, 0, 1], id="no resource"),
    ],
)
def test_phases_of_a_run(events: list[dict[str, Any]], expected: list[float]) -> None:
    phases = RunPhases(ticking())
    for event in events:
        phases.on_event(event)
    assert list(phases.seconds().values()) == expected
