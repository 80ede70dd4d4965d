"""A gate that opens when a service answers as it should; what depends on it never meets a service that is not ready."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pulumi
from pulumi.dynamic import CreateResult, Resource, UpdateResult

from infra.clients import readiness_probes
from infra.resources.provider import Props, Provider

DEADLINE_SECONDS = 60.0
"""Generous: a start takes about a second, on a machine that swaps many."""


class _ReadyGateProvider(Provider):
    inputs = ("what", "container", "container_id", "endpoint", "path", "expected", "others", "others_path", "authority")

    def create(self, props: Props) -> CreateResult:
        _wait(props)
        return CreateResult(props["container"], props)

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _wait(_news)
        return UpdateResult(_news)


def _wait(props: Props) -> None:
    expected = frozenset(int(status) for status in props["expected"])
    authority = props.get("authority") or ""
    probes = [readiness_probes.http_probe(props["endpoint"] + props["path"], expected=expected, authority=authority)]
    for url in props["others"]:
        address = urlsplit(url)
        path = props.get("others_path") or ""
        probes.append(
            readiness_probes.http_probe(url + path, expected=expected, authority=authority)
            if path
            else readiness_probes.tcp_probe(address.hostname or "", address.port or 0)
        )
    readiness_probes.wait_until_ready(
        props["what"], probes, container=props["container"], deadline_seconds=DEADLINE_SECONDS
    )


class ReadyGate(Resource, module="ml-workspace", name="ReadyGate"):
    """Opens when ``GET endpoint + path`` answers with an expected status and the others answer too.

    Args:
        name: Logical name.
        what: The resource as the user knows it, e.g. ``storage account 'stchurn'``.
        container: Name of the container that serves it.
        container_id: Its id; a new container is waited for again.
        endpoint: Base URL as clients will use it.
        path: Path of the probe.
        expected: Status codes that mean ready.
        others: Base URLs of which only an accepted connection is asked, unless there is a path for them.
        others_path: Path at which they have to answer as the endpoint does at its own.
        authority: Authority (PEM) of the endpoint's certificate; empty for plain HTTP.
        opts: Resource options.
    """

    endpoint: pulumi.Output[str]
    """The base URL, known only when the gate is open."""

    others: pulumi.Output[list[str]]
    """The other base URLs, known only when the gate is open."""

    def __init__(
        self,
        name: str,
        *,
        what: str,
        container: str,
        container_id: pulumi.Input[str],
        endpoint: pulumi.Input[str],
        path: str,
        expected: tuple[int, ...],
        others: tuple[pulumi.Input[str], ...] = (),
        others_path: str = "",
        authority: pulumi.Input[str] = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "what": what,
            "container": container,
            "container_id": container_id,
            "endpoint": endpoint,
            "path": path,
            "expected": list(expected),
            "others": list(others),
            "others_path": others_path,
            "authority": authority,
        }
        super().__init__(_ReadyGateProvider(), name, props, opts)
