"""Endpoints as the front serves them, and :func:`publish`, which puts them in force.

The records in the storage account are the truth; what is published follows from them and can be published again at any
time. A key is published as a hash only: keys have 256 random bits, so nobody can guess one from its hash.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.host import folders
from mlw.inference.inference_errors import NoFrontError
from mlw.online_endpoints import endpoint_locks
from mlw.stacks.stacks import Stack

AUTH_KEY, AUTH_NONE = "key", "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedDeployment:
    """A deployment.

    Attributes:
        upstreams: Its instances, `host:port` in the stack's network; none: requests to it fail with 503.
        weight: Percent of the endpoint's requests that it serves.
        mirror: Percent of the endpoint's requests that it gets a copy of.
        timeout_seconds: Until it has begun to respond.
        max_concurrent: Requests that each instance serves at a time; 0 for no limit.
        scoring_path: Where it serves what clients ask of `<endpoint>/score`.
    """

    name: str
    upstreams: Sequence[str]
    weight: int = 0
    mirror: int = 0
    timeout_seconds: float = 5.0
    max_concurrent: int = 0
    scoring_path: str = "/score"

    def as_json(self) -> dict[str, Any]:
        """Return it as the front reads it."""
        return {
            "name": self.name,
            "upstreams": list(self.upstreams),
            "weight": self.weight,
            "mirror": self.mirror,
            "timeoutMilliseconds": round(self.timeout_seconds * 1000),
            "maxConcurrent": self.max_concurrent,
            "scoringPath": self.scoring_path,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedEndpoint:
    """An endpoint.

    Attributes:
        key_hashes: SHA-256 of each valid key, in hexadecimal.
        deployments: Their weights add up to 0 or 100.
        auth: `key`, or `none` for no authentication.
    """

    name: str
    key_hashes: Sequence[str]
    deployments: Sequence[PublishedDeployment]
    auth: str = AUTH_KEY

    def as_json(self) -> dict[str, Any]:
        """Return it as the front reads it."""
        return {
            "name": self.name,
            "auth": self.auth,
            "keyHashes": list(self.key_hashes),
            "deployments": [deployment.as_json() for deployment in self.deployments],
        }


Endpoints = Sequence[PublishedEndpoint]


def publish(stack: Stack, endpoints: Endpoints | Callable[[], Endpoints]) -> None:
    """Put the endpoints of a workspace in force, all of them, instead of those that were.

    No connection is closed, and no request fails: those that have begun are served as they began.

    Args:
        stack: The workspace.
        endpoints: What is published; a function is called while no other process can publish, so that it sees what the
            last one has changed.

    Raises:
        NoFrontError: The workspace has no front.
        EngineError: The front does not run, or rejects the endpoints.
    """
    from infra import service_images  # noqa: PLC0415 - like all of these, only to publish
    from infra.clients.engine import front_publishing  # noqa: PLC0415
    from infra.services import INFERENCE  # noqa: PLC0415
    from mlw.operation.service_names import container_of  # noqa: PLC0415

    if INFERENCE.endpoints[0].use not in stack.require_outputs()["endpoints"]:
        raise NoFrontError(stack.name)
    image = service_images.table()[INFERENCE.image]
    with endpoint_locks.publishing(folders.home(), stack.stack_id):
        wanted = endpoints() if callable(endpoints) else endpoints
        front_publishing.publish(
            container_of(stack, INFERENCE.credentials_key).name,
            json.dumps({"endpoints": [one.as_json() for one in wanted]}, indent=2).encode(),
            binary=image.binary,
            folder=INFERENCE.volumes["data"],
            owner=(int(image.uid), int(image.gid)),
        )
