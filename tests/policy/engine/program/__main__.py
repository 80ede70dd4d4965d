"""Registers the components that `COMPONENTS` lists: type token, name, properties.

The string `unknown:<value>` stands for a value that is known only in an update.
"""

import json
import os
from typing import Any

import pulumi
from pulumi import dynamic


class Later(dynamic.ResourceProvider):
    """Returns its input once it is created."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Make it."""
        return dynamic.CreateResult("later", {"value": props["value"]})


class Value(dynamic.Resource):
    """A value that is unknown in preview."""

    value: pulumi.Output[str]

    def __init__(self, name: str, value: str) -> None:
        super().__init__(Later(), name, {"value": value, "echo": None})
        self.known = pulumi.Output.all(self.id, self.value).apply(lambda pair: pair[1])


def resolved(name: str, value: object) -> object:
    """The value, or an output that will have it."""
    if isinstance(value, str) and value.startswith("unknown:"):
        return Value(name, value.removeprefix("unknown:")).known
    return value


for type_token, name, props in json.loads(os.environ["COMPONENTS"]):
    inputs = {key: resolved(f"{name}-{key}", value) for key, value in props.items()}
    pulumi.ComponentResource(type_token, name, inputs)
