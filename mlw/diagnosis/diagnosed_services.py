"""The services of one workspace, as a diagnosis asks them: where each is, and how it answers when it is ready.

The readiness of a service is the one that its component's gate waits for; a test compares the two. It is written down
again because a component cannot be imported without the whole of Pulumi.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.clients.state import stack_states
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.rules.resources.resource_ids import parse_resource_id
from mlw.diagnosis.findings import Group
from mlw.stacks.project import PROJECT
from mlw.stacks.stacks import Stack, open_stack

Credentials = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """How a service of one kind answers."""

    group: Group
    kind: str
    use: str
    """Key of its address in the output `endpoints`."""
    path: str
    expected: frozenset[int]
    others: tuple[str, ...] = ()
    """Further uses, of which an accepted connection is enough."""
    credentials: str
    """Key in the output `credentials`."""
    private: str = ""
    """Path that answers 200 only with the credentials; empty where they are tried in another way."""
    headers: Callable[[Credentials], dict[str, str]] = dict
    method: str = "GET"


def _basic(credentials: Credentials) -> dict[str, str]:
    pair = f"{credentials['username']}:{credentials['password']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _vault_token(credentials: Credentials) -> dict[str, str]:
    return {"X-Vault-Token": credentials["token"]}


def _bearer(credentials: Credentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials['token']}", "Content-Type": "application/json"}


READINESS: Mapping[str, Readiness] = {
    "storageAccount": Readiness(
        group=Group.STORAGE_ACCOUNT,
        kind="storage account",
        use="storage",
        path="/minio/health/cluster",
        expected=frozenset({200}),
        credentials="storage",
    ),
    "keyVault": Readiness(
        group=Group.KEY_VAULT,
        kind="key vault",
        use="keyVault",
        path="/v1/sys/health",
        expected=frozenset({200}),
        credentials="keyVault",
        private="/v1/auth/token/lookup-self",
        headers=_vault_token,
    ),
    "containerRegistry": Readiness(
        group=Group.CONTAINER_REGISTRY,
        kind="container registry",
        use="registry",
        path="/v2/",
        expected=frozenset({401}),
        others=("registryReadOnly",),
        credentials="registry",
        private="/v2/",
        headers=_basic,
    ),
    "applicationInsights": Readiness(
        group=Group.APPLICATION_INSIGHTS,
        kind="application insights",
        use="otlpHttp",
        path="/v1/traces",
        expected=frozenset({401}),
        others=("otlpGrpc",),
        credentials="telemetry",
        private="/v1/traces",
        headers=_bearer,
        method="POST",
    ),
}
"""Key of the record to how that service answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One service of the workspace."""

    readiness: Readiness
    resource_id: str
    owner: str
    """Name of the stack that made it; another one's for a resource that is shared."""
    endpoint: str
    """Base URL."""
    others: tuple[str, ...]
    """Base URLs of further uses."""
    credentials: Credentials
    authority: str = ""
    """Authority (PEM) that its certificate is of; empty for plain HTTP."""

    @property
    def what(self) -> str:
        """Return the resource as the user knows it."""
        return f"{self.readiness.kind} '{parse_resource_id(self.resource_id).name}'"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return all its base URLs."""
        return self.endpoint, *self.others


def services_of(stack: Stack, credentials: Mapping[str, Any]) -> list[Service]:
    """List what the record names, and the additional storage accounts; other stacks' resources included."""
    outputs = stack.require_outputs()
    endpoints, record = outputs["endpoints"], outputs["workspace"]
    others = stack_states.deployed(project=PROJECT, except_stack=stack.name)
    owners = {component.resource_id.casefold(): component.stack for component in others}
    found = []
    for key, readiness in READINESS.items():
        owner = owners.get(record[key].casefold(), stack.name)
        tls = (stack if owner == stack.name else open_stack(owner)).serves_tls
        found.append(
            Service(
                readiness=readiness,
                resource_id=record[key],
                owner=owner,
                endpoint=_url(endpoints[readiness.use], tls=tls),
                others=tuple(_url(endpoints[other], tls=tls) for other in readiness.others if other in endpoints),
                credentials=credentials[readiness.credentials],
                authority=stack.authority if tls else "",
            )
        )
    return [*found, *_additional_accounts(stack, endpoints, credentials)]


def _additional_accounts(
    stack: Stack, endpoints: Mapping[str, str], credentials: Mapping[str, Any]
) -> Iterator[Service]:
    readiness = READINESS["storageAccount"]
    for component in stack.components:
        inputs = component["inputs"]
        if component["type"] == STORAGE_ACCOUNT and inputs.get("role") == "additional":
            use = f"{readiness.use}.{inputs['name']}"
            yield Service(
                readiness=readiness,
                resource_id=inputs["resourceId"],
                owner=stack.name,
                endpoint=_url(endpoints[use], tls=stack.serves_tls),
                others=(),
                credentials=credentials[use],
                authority=stack.authority if stack.serves_tls else "",
            )


def _url(address: str, *, tls: bool) -> str:
    return address if "://" in address else f"{'https' if tls else 'http'}://{address}"
