"""What a monitor's job is given when it is due."""

from typing import Any, cast

import pytest

from mlw.data import data_lookup
from mlw.data.data_errors import DataNotFoundError
from mlw.data.data_workspace import DataWorkspace
from mlw.monitoring import monitor_runs
from mlw.monitoring.monitor_documents import SETTINGS

COLLECTED, REFERENCE = {"path": "azureml:collected:1"}, {"path": "azureml:reference:1"}


def _without_empty(monkeypatch: pytest.MonkeyPatch, *missing: object) -> dict[str, Any]:
    def resolve(_workspace: object, given: object) -> None:
        if given in missing:
            raise DataNotFoundError("no such version")

    monkeypatch.setattr(data_lookup, "resolve", resolve)
    signal = {"production": {"input": "data_0"}, "reference": {"input": "data_1"}}
    document = {"inputs": {"data_0": COLLECTED, "data_1": REFERENCE}, SETTINGS: {"signals": [signal]}}
    return cast("dict[str, Any]", monitor_runs.without_empty(cast("DataWorkspace", None), document)["inputs"])


def test_production_data_that_was_not_collected_yet_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _without_empty(monkeypatch, COLLECTED) == {"data_1": REFERENCE}
    assert _without_empty(monkeypatch) == {"data_0": COLLECTED, "data_1": REFERENCE}


def test_missing_reference_data_is_left_to_the_submission(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _without_empty(monkeypatch, REFERENCE) == {"data_0": COLLECTED, "data_1": REFERENCE}
