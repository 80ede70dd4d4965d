"""Hosts without a proxy: the given ones, loopback, and an engine on the network."""

import pytest

from infra.host import environment
from infra.host.proxies import exceptions

LOOPBACK = "localhost,127.0.0.1,::1"


@pytest.mark.parametrize(
    ("given", "engine", "expected"),
    [
        ({}, "unix:///var/run/docker.sock", {"no_proxy": LOOPBACK}),
        ({"http_proxy": "http://proxy:3128"}, "", {"no_proxy": LOOPBACK}),
        ({"no_proxy": "a.org, localhost"}, "", {"no_proxy": "a.org,localhost,127.0.0.1,::1"}),
        ({"NO_PROXY": "a.org", "no_proxy": "b.org"}, "", {"no_proxy": f"b.org,a.org,{LOOPBACK}"}),
        ({}, "tcp://lab.example.org:2376", {"no_proxy": f"{LOOPBACK},lab.example.org"}),
        ({}, "ssh://me@lab", {"no_proxy": LOOPBACK}),
        ({"NO_PROXY": "*"}, "", {"no_proxy": "*", "no_grpc_proxy": LOOPBACK}),
        (
            {"no_grpc_proxy": "a.org", "no_proxy": "b.org"},
            "",
            {"no_proxy": f"b.org,{LOOPBACK}", "no_grpc_proxy": f"a.org,{LOOPBACK}"},
        ),
    ],
    ids=str,
)
def test_loopback_and_the_engine_bypass_the_proxy(given: dict[str, str], engine: str, expected: dict[str, str]) -> None:
    assert exceptions(given, engine=engine) == {"NO_PROXY": expected["no_proxy"], **expected}


def test_every_environment_has_them() -> None:
    added = environment.additions({"HTTP_PROXY": "http://proxy:3128", "DOCKER_HOST": "tcp://lab:2375"})
    assert added["no_proxy"] == added["NO_PROXY"] == f"{LOOPBACK},lab"


def test_an_invalid_engine_address_is_reported_elsewhere() -> None:
    assert exceptions({}, engine="tcp://[::1")["no_proxy"] == LOOPBACK
