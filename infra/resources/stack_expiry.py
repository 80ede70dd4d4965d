"""The expiry of a stack, stored in its state: the settings, and the time that they count from.

Everything on the engine depends on it, so a destroy deletes it last: a partly deleted stack, left behind by a killed
run, still says that it has expired.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pulumi
from typing_extensions import override

from infra.clients.state import stack_states
from infra.resources.resource import CreateResult, Props, Provider, Resource
from infra.rules.stack.expiry import format_moment


class StackExpiryProvider(Provider):
    """Verbs of :class:`StackExpiry`."""

    inputs = ("expires_after", "expires_on")

    @override
    def create(self, props: Props) -> CreateResult:
        # For a stack that got the setting after its first `up`, the time counts from the first `up` too.
        since = stack_states.created_at(props["project"], props["stack"]) or format_moment(datetime.now(UTC))
        return CreateResult(props["stack"], {**props, "since": since})


class StackExpiry(Resource, module="guards", provider=StackExpiryProvider):
    """Expiry of one stack.

    Args:
        name: Logical name.
        expires_after: Value of `ml-workspace:expiresAfter`; empty if it is not set.
        expires_on: Value of `ml-workspace:expiresOn`; empty if it is not set.
        opts: Resource options.
    """

    since: pulumi.Output[str]
    """When the stack was first brought up (RFC 3339); survives every update."""

    def __init__(
        self, name: str, *, expires_after: str, expires_on: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        inputs: Props = {
            "project": pulumi.get_project(),
            "stack": pulumi.get_stack(),
            "expires_after": expires_after,
            "expires_on": expires_on,
        }
        super().__init__(name, inputs, opts)
