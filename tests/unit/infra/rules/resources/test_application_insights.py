"""Application insights: each allowed value, and the nearest ones that are not."""

import pytest

from infra.rules.policy.rule import ResourceView, Rule
from infra.rules.resources import application_insights
from infra.rules.resources.component_types import APPLICATION_INSIGHTS
from infra.rules.violation import Violation

RULES = [rule for rule in vars(application_insights).values() if isinstance(rule, Rule)]


def violations_of(rule: Rule, **props: object) -> list[Violation]:
    """The violations of ``rule`` in application insights with these properties."""
    return list(rule.check(ResourceView(APPLICATION_INSIGHTS, props)))


@pytest.mark.parametrize("days", [30, 60, 90, 120, 180, 270, 365, 550, 730])
def test_insights_retention_passes(days: int) -> None:
    assert violations_of(application_insights.limit_retention, retentionInDays=days) == []


@pytest.mark.parametrize(("days", "proposal"), [(0, 30), (31, 30), (100, 90), (364, 365), (731, 730), (7, 30)])
def test_other_insights_retention_is_refused_with_the_nearest(days: int, proposal: int) -> None:
    (violation,) = violations_of(application_insights.limit_retention, retentionInDays=days)

    assert violation.fix == f"set 'retentionInDays' to {proposal}"


@pytest.mark.parametrize("size", [1, 10, 10_000])
def test_insights_size_passes(size: int) -> None:
    assert violations_of(application_insights.limit_size, maximumSizeInGB=size) == []


@pytest.mark.parametrize("size", [0, -1, 10_001, "10"], ids=repr)
def test_other_insights_size_is_refused(size: object) -> None:
    (violation,) = violations_of(application_insights.limit_size, maximumSizeInGB=size)

    assert "1-10000 GB" in violation.message


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_absent_properties_break_nothing(rule: Rule) -> None:
    assert violations_of(rule) == []


@pytest.mark.parametrize("url", ["", "http://prometheus:9090/api/v1/otlp/v1/metrics", "https://mimir.example.org/otlp"])
def test_metrics_can_be_forwarded_to_a_url(url: str) -> None:
    assert violations_of(application_insights.limit_metrics_target, forwardMetricsTo=url) == []


@pytest.mark.parametrize(
    "url",
    [
        "prometheus:9090",
        "http://u:p@prometheus",
        "http://a/?token=x",
        "http://a/${env:HOME}",
        'http://a/"b',
        "ftp://a",
        1,
    ],
)
def test_other_targets_of_metrics_are_refused(url: object) -> None:
    (violation,) = violations_of(application_insights.limit_metrics_target, forwardMetricsTo=url)

    assert "no user, password or query" in violation.message
