"""Resources whose loss is the loss of data: they go with their stack, or where the stack file allows it by name.

A run that would delete one of them in any other way (`--replace`, `--target`, a component that a changed program no
longer has) fails before the data is touched.
"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from infra.clients.state import removal
from infra.resources.resource import Props, Provider


class DataBearingProvider(Provider):
    """Base of their providers; the inputs `resource_name` and, once it is known, `stack_id` say whose they are."""

    holds: ClassVar[str]
    """What would be lost, for the message."""

    @override
    def delete(self, _id: str, _props: Props) -> None:
        removal.require_allowed(_props["stack_id"], _props["resource_name"], self.holds)
