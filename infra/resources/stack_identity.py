"""A stack's identity: generated once, stored in the state, and in a label of every object of the stack on the engine.

It contains nothing that may change: not the stack's name, the backend's address or a folder. The stack's origin, for
people, is stored separately, as of the time when the identity was generated.
"""

from __future__ import annotations

import contextlib
import secrets

import pulumi
from typing_extensions import override

from infra import labels
from infra.clients.engine import reservation
from infra.clients.state import known_stacks
from infra.errors import EngineUnreachableError
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
        """Forget the stack, and release what a killed run reserved without recording it."""
        super().delete(_id, _props)
        # An engine that does not respond has nothing of a stack of which only the identity is left.
        with contextlib.suppress(EngineUnreachableError):
            reservation.release(_id)
        known_stacks.forget(_id)


class StackIdentity(Resource, module="guards", provider=StackIdentityProvider):
    """Identity of one stack."""

    stack: pulumi.Output[str]
    """Name of the stack when it was created."""

    stack_id: pulumi.Output[str]
    """32 hexadecimal digits; constant for the lifetime of the stack."""

    made_by: pulumi.Output[str]
    """Who created the stack, where and when; for people."""

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
