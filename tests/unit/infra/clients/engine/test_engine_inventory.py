"""The inventory of an engine, made from its API's lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.clients.engine import engine_inventory, engine_queries
from infra.clients.engine.engine_inventory import Inventory

BINDINGS = {
    "9000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20001"}],
    "9001/tcp": [{"HostPort": ""}],
    "9002/tcp": None,
}
CONTENT: dict[str, Any] = {
    "/containers/json?all=1": [
        {"Id": "1", "Names": ["/st-storage"], "Labels": {"a": "b"}},
        {"Id": "2", "Names": ["/x"]},
    ],
    "/networks": [{"Name": "rg", "IPAM": {"Config": [{"Subnet": "10.0.0.0/27"}, {}]}}, {"Name": "host", "IPAM": {}}],
    "/volumes": {"Volumes": None},
    "/images/json": [{"Id": "sha256:1", "RepoTags": ["minio:1", "minio:2"]}, {"Id": "sha256:2", "RepoTags": None}],
    "/containers/1/json": {"Name": "/st-storage", "HostConfig": {"PortBindings": BINDINGS}},
}
"""Path to what the engine returns; container 2 disappears after it was listed."""


def test_everything_is_listed_and_what_disappears_meanwhile_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def connect() -> Iterator[engine_queries.Query]:
        yield CONTENT.get

    monkeypatch.setattr(engine_queries, "connect", connect)

    assert engine_inventory.inventory() == Inventory(
        containers={"st-storage": {"a": "b"}, "x": {}},
        volumes={},
        networks={"rg": {}, "host": {}},
        subnets=["10.0.0.0/27"],
        images={"minio:1": "sha256:1", "minio:2": "sha256:1"},
        ports={20001: "st-storage"},
    )
