"""Shares of traffic: what is read, and what is refused."""

import pytest

from mlw.online_endpoints.endpoint_changes import parse_shares, traffic_problems
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_records import Deployment

KNOWN = [
    Deployment(name=name, endpoint="churn", document={}, revision="r", instance_count=1, server="score", image="i")
    for name in ("blue", "green")
]


@pytest.mark.parametrize("text", ["blue=90 green=10", "blue=90,green=10", " blue=90, green=10 "])
def test_shares_are_read(text: str) -> None:
    assert parse_shares(text, "--traffic", "updating") == {"blue": 90, "green": 10}


@pytest.mark.parametrize("text", ["blue", "blue=ten", "blue=-1", "blue=1.5"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(EndpointError, match="is not NAME=PERCENT"):
        parse_shares(text, "--traffic", "updating")


@pytest.mark.parametrize(
    ("traffic", "mirror"),
    [({"blue": 100}, {}), ({"blue": 90, "green": 10}, {}), ({}, {}), ({"blue": 100, "green": 0}, {"green": 50})],
)
def test_allowed_shares(traffic: dict[str, int], mirror: dict[str, int]) -> None:
    assert list(traffic_problems(traffic, mirror, KNOWN)) == []


@pytest.mark.parametrize(
    ("traffic", "mirror", "said"),
    [
        ({"blue": 90}, {}, "add up to 90"),
        ({"blue": 60, "green": 60}, {}, "add up to 120"),
        ({"red": 100}, {}, "'red', which is no deployment; deployments: blue, green"),
        ({"blue": 200}, {}, "traffic.blue is 200"),
        ({"blue": 100}, {"green": 51}, "at most 50"),
        ({"blue": 100}, {"blue": 10}, "which has 100 % of the traffic itself"),
        ({}, {"blue": 10, "green": 10}, "names 2 deployments"),
        ("blue", {}, "traffic is 'blue'"),
    ],
)
def test_other_shares_are_refused(traffic: object, mirror: object, said: str) -> None:
    assert said in " ".join(traffic_problems(traffic, mirror, KNOWN))


def test_all_unknown_deployments_are_reported() -> None:
    found = list(traffic_problems({"red": 50, "pink": 50}, {}, KNOWN))

    assert len(found) == 2
