"""Errors of online endpoints' front."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class NoFrontError(MlWorkspaceError):
    """The workspace has no front of online endpoints.

    Args:
        stack: Name of the stack.
    """

    def __init__(self, stack: str) -> None:
        super().__init__(
            f"using online endpoints of stack '{stack}': the stack has none. Set 'ml-workspace:inference' to {{}} in "
            f"stacks/Pulumi.{stack}.yaml and run `make up STACK={stack}`."
        )
