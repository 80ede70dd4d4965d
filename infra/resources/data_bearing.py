"""Resources that hold data: deleted only with their stack, or if the stack file allows it by name.

Any other run that would delete one (`--replace`, `--target`, a component removed from the program) fails before the
data is touched.
"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from infra.clients.state import removal
from infra.resources.resource import Props, Provider


class DataBearingProvider(Provider):
    """Base of their providers; the inputs `resource_name` and `stack_id` identify the owner."""

    holds: ClassVar[str]
    """What a deletion would lose, for the message."""

    @override
    def delete(self, _id: str, _props: Props) -> None:
        removal.require_allowed(_props["stack_id"], _props["resource_name"], self.holds)
