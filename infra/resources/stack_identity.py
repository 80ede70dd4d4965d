"""A stack's identity: made once, kept in the state, on the label of every object that the stack makes on the engine.

Nothing that may change is part of it: not the stack's name, not the address of the backend, no folder. What people are
told of the stack's origin is noted beside it, as it was when the identity was made.
"""

from __future__ import annotations

import secrets

import pulumi
from typing_extensions import override

from infra import labels
from infra.clients.state import known_stacks
from infra.resources.data_bearing import DataBearingProvider
from infra.resources.resource import CreateResult, Props, Resource


class StackIdentityProvider(DataBearingProvider):
    """Verbs of :class:`StackIdentity`."""

    inputs = ()
    holds = "the identity that all objects of the stack carry"

    @override
    def create(self, props: Props) -> CreateResult:
        stack_id = secrets.token_hex(16)
        known_stacks.remember(stack_id, stack=props["stack"])
        return CreateResult(stack_id, {**props, "stack_id": stack_id, "made_by": known_stacks.describe_origin()})

    @override
    def delete(self, _id: str, _props: Props) -> None:
        super().delete(_id, _props)
        known_stacks.forget(_id)


class StackIdentity(Resource, module="guards", provider=StackIdentityProvider):
    """Identity of one stack."""

    stack: pulumi.Output[str]
    """Name of the stack when it was made."""

    stack_id: pulumi.Output[str]
    """32 hexadecimal digits; survives everything but the stack's end."""

    made_by: pulumi.Output[str]
    """Who made the stack where and when, for people."""

    def __init__(self, name: str, *, resource_name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, {"stack": pulumi.get_stack(), "resource_name": resource_name}, opts)

    def labels(self, resource_id: str) -> dict[str, pulumi.Input[str]]:
        """Labels of an object on the engine.

        Args:
            resource_id: The Azure resource that it belongs to.
        """
        return {
            labels.ID: self.stack_id,
            labels.RESOURCE_ID: resource_id,
            labels.STACK: self.stack,
            labels.MADE_BY: self.made_by,
        }
