"""Connects to the application insights of a stack, as the stack or as one of its principals."""

from __future__ import annotations

from infra.errors import MlWorkspaceError
from mlw.insights.client import InsightsClient
from mlw.stacks.stacks import NotUpError, Stack

ENDPOINT = "insights"
"""Key in the stack's output `endpoints`."""

CREDENTIALS = "insights"
"""Key in the stack's output `credentials`."""


class NoQueryRightError(MlWorkspaceError):
    """The role of a principal does not allow queries."""


def connect(stack: Stack, principal: str | None = None) -> InsightsClient:
    """Connect with the token of a stack, or of a principal.

    Raises:
        NotUpError: The stack was never deployed, or by a version without the query service.
        NoSuchPrincipalError: The stack has no such principal.
        NoQueryRightError: The principal's role does not allow queries.
    """
    endpoint = stack.require_outputs()["endpoints"].get(ENDPOINT)
    if not endpoint:
        raise NotUpError(
            f"querying application insights of stack '{stack.name}': its last `up` was by a version that cannot be "
            f"queried. Run `make up STACK={stack.name}`."
        )
    token = _own_token(stack) if principal is None else _token_of(stack, principal)
    return InsightsClient(endpoint=str(endpoint), token=token, ca_certificate=stack.ca_certificate)


def _own_token(stack: Stack) -> str:
    return str(stack.credentials()[CREDENTIALS]["token"])


def _token_of(stack: Stack, principal: str) -> str:
    from mlw.keys.principal_credentials import by_service, credentials_of  # noqa: PLC0415 - only for a principal

    found = by_service(credentials_of(stack, principal)).get(CREDENTIALS)
    if found is None:
        raise NoQueryRightError(
            f"querying application insights as principal '{principal}': its role does not allow queries "
            "(Microsoft.Insights/Components/Query/Read). `mlw roles list` shows which roles do."
        )
    return found["token"]
