"""Early termination policies, as Azure describes them."""

from __future__ import annotations

from typing import Any

import pytest

from mlw.sweeps.early_termination import read_policy
from mlw.sweeps.sweep_errors import SweepError


def verdict(document: dict[str, Any], own: list[float], *others: list[float], maximize: bool = True) -> str:
    return read_policy(document).verdict(own, others, maximize=maximize)


@pytest.mark.parametrize(
    ("slack", "own", "best", "maximize", "ends"),
    [
        ({"slack_factor": 0.2}, 0.66, 0.8, True, True),
        ({"slack_factor": 0.2}, 0.67, 0.8, True, False),
        ({"slack_factor": 0.2}, 1.1, 1.0, False, False),
        ({"slack_factor": 0.2}, 1.3, 1.0, False, True),
        ({"slack_factor": 0.2}, -1.1, -1.0, True, False),
        ({"slack_factor": 0.2}, -1.3, -1.0, True, True),
        ({"slack_amount": 0.1}, 0.69, 0.8, True, True),
        ({"slack_amount": 0.1}, 0.91, 0.8, False, True),
    ],
)
def test_bandit_ends_what_is_not_within_the_slack_of_the_best(
    slack: dict[str, float],
    own: float,
    best: float,
    *,
    maximize: bool,
    ends: bool,
) -> None:
    assert bool(verdict({"type": "bandit", **slack}, [own], [best], [best], maximize=maximize)) == ends


def test_trials_are_compared_at_the_same_interval_by_their_best_value() -> None:
    policy = {"type": "bandit", "slack_amount": 0.1, "evaluation_interval": 2}

    assert verdict(policy, [0.5, 0.3], [0.5, 0.5, 0.9, 0.9]) == ""
    assert verdict(policy, [0.5, 0.3], [0.7]) == ""
    assert verdict(policy, [0.5, 0.3], [0.7, 0.1]) == (
        "early termination (bandit): 0.5 at interval 2; the best trial allows 0.6"
    )


def test_median_stopping_compares_with_the_running_averages() -> None:
    policy = {"type": "median_stopping"}

    assert verdict(policy, [0.1, 0.3], [0.2, 0.6], [0.5, 0.7]) != ""
    assert verdict(policy, [0.1, 0.5], [0.2, 0.6], [0.5, 0.7]) == ""


def test_truncation_selection_ends_a_share_of_the_trials() -> None:
    policy = {"type": "truncation_selection", "truncation_percentage": 40}
    others = [[0.2], [0.3], [0.4], [0.5]]

    assert [bool(verdict(policy, [own], *others)) for own in (0.1, 0.25, 0.35)] == [True, True, False]
    assert verdict(policy, [0.1], [0.2]) == ""


def test_it_is_applied_at_multiples_of_the_interval_from_the_delay_on() -> None:
    policy = read_policy({"type": "median_stopping", "evaluation_interval": 3, "delay_evaluation": 5})

    assert [policy.due(reports) for reports in range(10)] == [0, 0, 0, 0, 0, 0, 6, 6, 6, 9]


def test_what_is_not_a_number_is_the_worst() -> None:
    policy = {"type": "bandit", "slack_factor": 0.1}

    assert verdict(policy, [float("nan")], [0.5]) != ""
    assert verdict(policy, [0.5], [float("nan")]) == ""


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"type": "guess"}, "early_termination.type is 'guess'; allowed: bandit"),
        ({"type": "bandit"}, "either slack_factor or slack_amount"),
        ({"type": "bandit", "slack_factor": 1, "slack_amount": 1}, "either slack_factor or slack_amount"),
        ({"type": "truncation_selection", "truncation_percentage": 100}, "truncation_percentage is 100"),
    ],
    ids=["type", "no slack", "two slacks", "percentage"],
)
def test_a_wrong_policy_is_refused(document: dict[str, Any], problem: str) -> None:
    with pytest.raises(SweepError) as raised:
        read_policy(document)

    assert problem in str(raised.value)
