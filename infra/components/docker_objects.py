"""Docker's containers, volumes and networks as the Docker provider knows them: type tokens and property names.

The provider's own package defines every class of Docker and Swarm, and importing it took a tenth of a second of each
run. A workspace needs three of them, with properties that a test compares with that package.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any, ClassVar

import pulumi

from infra.resources.resource import DOCKER_PACKAGE


class DockerObject(pulumi.CustomResource):
    """Base of the objects.

    Args:
        name: Logical name.
        inputs: Properties of the object, by the provider's names.
        opts: Resource options.
    """

    token: ClassVar[str]
    """Pulumi type; stored in every state."""

    name: pulumi.Output[str]
    """Name on the engine; known when the object exists."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        versioned = pulumi.ResourceOptions(version=version())
        super().__init__(self.token, name, dict(inputs), pulumi.ResourceOptions.merge(versioned, opts))


class Container(DockerObject):
    """A container."""

    token = "docker:index/container:Container"  # noqa: S105 - a type


class Network(DockerObject):
    """A network."""

    token = "docker:index/network:Network"  # noqa: S105 - a type


class Volume(DockerObject):
    """A volume."""

    token = "docker:index/volume:Volume"  # noqa: S105 - a type


def as_labels(labels: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Labels in the provider's form."""
    return [{"label": key, "value": value} for key, value in labels.items()]


@cache
def version() -> str:
    """Version of the provider, in every registration: the engine starts one provider for each version."""
    return metadata.version(DOCKER_PACKAGE)
