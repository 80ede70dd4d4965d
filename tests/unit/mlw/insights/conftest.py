"""Application insights without a service."""

import pytest

from mlw.insights.query_options import Question
from tests.unit.mlw.insights.fake_insights import FakeInsights


@pytest.fixture
def insights(monkeypatch: pytest.MonkeyPatch) -> FakeInsights:
    fake = FakeInsights()
    monkeypatch.setattr(Question, "client", fake)
    return fake
