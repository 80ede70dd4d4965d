"""A gate that opens when a service is ready; resources that depend on it wait until then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from typing_extensions import override

from infra.clients import readiness_probes
from infra.clients.readiness_probes import Probe
from infra.resources.resource import CreateResult, Props, Provider, Resource, UpdateResult
from infra.services import HttpProbe

DEADLINE_SECONDS = 60.0
"""Generous: a service starts in about a second, but much slower on a machine that swaps."""


class ReadyGateProvider(Provider):
    """Verbs of :class:`ReadyGate`."""

    inputs = ("what", "container", "container_id", "urls", "probes", "ca_certificate")

    @override
    def create(self, props: Props) -> CreateResult:
        _wait(props)
        return CreateResult(props["container"], props)

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _wait(_news)
        return UpdateResult(_news)


def _wait(props: Props) -> None:
    readiness_probes.wait_until_ready(
        props["what"],
        [_probe(url, props["probes"].get(use), props["ca_certificate"]) for use, url in props["urls"].items()],
        container=props["container"],
        deadline_seconds=DEADLINE_SECONDS,
    )


def _probe(url: str, inputs: Mapping[str, Any] | None, ca_certificate: str) -> Probe:
    probe = inputs and HttpProbe(path=inputs["path"], expected=frozenset(map(int, inputs["expected"])))
    return readiness_probes.endpoint_probe(url, probe or None, ca_certificate)


class ReadyGate(Resource, module="engine", provider=ReadyGateProvider):
    """Opens when the probe of every URL passes.

    Args:
        name: Logical name.
        what: The resource as shown to the user, e.g. ``storage account 'stchurn'``.
        container: Name of the container that serves it.
        container_id: Its id; a new container is probed again.
        urls: Base URL of each use, as for clients.
        probes: Probe of each use; None if accepting a connection is enough.
        ca_certificate: CA certificate (PEM) of the URLs; empty for plain HTTP.
        opts: Resource options.
    """

    urls: pulumi.Output[dict[str, str]]
    """The base URLs by use; known when the gate is open."""

    def __init__(
        self,
        name: str,
        *,
        what: str,
        container: str,
        container_id: pulumi.Input[str],
        urls: Mapping[str, pulumi.Input[str]],
        probes: Mapping[str, HttpProbe | None],
        ca_certificate: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "what": what,
            "container": container,
            "container_id": container_id,
            "urls": dict(urls),
            "probes": {
                use: {"path": probe.path, "expected": sorted(probe.expected)} for use, probe in probes.items() if probe
            },
            "ca_certificate": ca_certificate,
        }
        super().__init__(name, inputs, opts)

    def address(self, use: str, *, has_scheme: bool = True) -> pulumi.Output[str]:
        """Address of one use, known when the gate is open; without a scheme it is in the form for `docker login`."""
        return self.urls.apply(lambda urls: urls[use] if has_scheme else urls[use].partition("://")[2])
