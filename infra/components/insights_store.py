"""The insights store: the container of application insights that keeps telemetry in files and runs queries over them.

The collector sends it what is in its queue. The store acknowledges a request when the rows are in a durable file; until
then the collector keeps them, so neither needs the other one to start.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pulumi

from infra import service_images
from infra.components.principal import Principal
from infra.components.provisioning_context import AvailabilityTest, ProvisioningContext
from infra.components.service_container import CA_CERTIFICATE, ServiceContainer, certificate_paths
from infra.resources.generated_secrets import GeneratedSecrets
from infra.services import INSIGHTS_STORE
from infra.settings import ApplicationInsightsSettings

TOKENS = "tokens"
"""Live file with a token, its owner and its right on each line; removing a token revokes it within a second."""

HOST = "insights-store"
"""Its name in the stack's network, for the collector: names of containers can be too long for host names."""

_DATA, _FOLDER = INSIGHTS_STORE.volumes["data"], INSIGHTS_STORE.volumes["config"]
_ENDPOINT = INSIGHTS_STORE.endpoints[0]
_OTHER_MEMORY = "24MiB"
"""Limit of the memory that Go manages; DuckDB manages its own (docs/adr/0025)."""


def store_container(
    settings: ApplicationInsightsSettings, tokens: GeneratedSecrets, context: ProvisioningContext
) -> ServiceContainer:
    """The container of the store.

    Args:
        settings: Application insights.
        tokens: `token` reads, `collector` writes.
        context: The context of the component.
    """
    image = service_images.table()[INSIGHTS_STORE.image]
    tests = [test for test in context.availability_tests if test.name != _ENDPOINT.use]
    return ServiceContainer(
        service=INSIGHTS_STORE,
        command=[image.binary, f"--config={_FOLDER}/config.json"],
        files={"config.json": config(settings, tests, tls=context.certificates is not None)},
        live_files={TOKENS: _token_file(tokens, context.principals)},
        environment={"GOMEMLIMIT": _OTHER_MEMORY},
        memory_mib=192,
        aliases=[HOST],
    )


def config(settings: ApplicationInsightsSettings, tests: Sequence[AvailabilityTest], *, tls: bool = False) -> str:
    """The store's configuration."""
    document: dict[str, Any] = {
        "listen": f"0.0.0.0:{_ENDPOINT.port}",
        # Below the volume's own folder, whose time of change the engine shows as the volume's time of creation.
        "folder": f"{_DATA}/store",
        "tokens": f"{_FOLDER}/live/{TOKENS}",
        **({"tls": certificate_paths(_FOLDER)} if tls else {}),
        "retentionInDays": settings.retention_in_days,
        "maximumGigabytes": settings.maximum_size_in_gb,
        "availabilityTests": [_availability_test(test, tls=tls) for test in tests],
    }
    return json.dumps(document, indent=2)


def _availability_test(test: AvailabilityTest, *, tls: bool) -> dict[str, Any]:
    authority = {"certificateAuthority": f"{_FOLDER}/{CA_CERTIFICATE}"} if tls else {}
    return {"name": test.name, "url": test.url, "expected": sorted(test.expected), **authority}


def _token_file(tokens: GeneratedSecrets, principals: Iterable[Principal]) -> pulumi.Output[str]:
    known = {("(stack)", "read"): tokens.value("token"), ("(collector)", "write"): tokens.value("collector")}
    known |= {
        (one.name, "read"): one.secrets.apply(lambda secrets: secrets["insights"])
        for one in principals
        if one.reads_insights
    }
    return pulumi.Output.all(*known.values()).apply(
        lambda values: "".join(
            f"{token} {owner} {right}\n" for token, (owner, right) in zip(values, known, strict=True)
        )
    )
