"""Requests to the server of a compute instance, with the token of its user.

The token is read from the key vault and sent to the instance; it is neither printed nor part of a command line.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

from infra.clients import readiness_probes
from infra.errors import MlWorkspaceError
from mlw.computes.instances import RUNNING, Instance
from mlw.keys.principal_credentials import credentials_of
from mlw.stacks.stacks import open_stack

TOKEN = "computeInstanceToken"  # noqa: S105 - the name of a field
"""Field of the principal's secret in the key vault."""


class InstanceLoginError(MlWorkspaceError):
    """The instance cannot be used: it does not run, or nobody can log in."""


def require_user(instance: Instance, principal: str | None, doing: str) -> None:
    """Reject a principal who is not the user of an instance.

    Raises:
        InstanceLoginError: It is someone else.
    """
    if principal is not None and principal != instance.user:
        raise InstanceLoginError(
            f"{doing}: it is assigned to another principal than '{principal}'. Only the assigned user can log in."
        )


@contextmanager
def asking(
    instance: Instance, method: str, path: str, doing: str, *, body: str = "", timeout_seconds: float | None = None
) -> Iterator[http.client.HTTPResponse]:
    """Send a request to an instance that runs, as its user.

    Raises:
        InstanceLoginError: The instance does not run, or does not respond.
        NoSuchPrincipalError: The key vault does not have the credentials of its user.
    """
    stack = instance.stack
    if instance.state != RUNNING:
        raise InstanceLoginError(
            f"{doing}: it is {instance.state.lower()}. Start it: `mlw compute start {stack} --name {instance.name}`."
        )
    opened = open_stack(stack)
    token = str(credentials_of(opened, instance.user).get(TOKEN, ""))
    connection = readiness_probes.open_connection(instance.endpoint, ca_certificate=opened.ca_certificate)
    connection.timeout = timeout_seconds or connection.timeout
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body=body or None, headers=headers)
        yield connection.getresponse()
    except (OSError, http.client.HTTPException) as exc:
        raise InstanceLoginError(
            f"{doing}: no response from {instance.endpoint} ({type(exc).__name__}). If it has just been started, try "
            f"again; `docker logs {instance.container}` shows its output."
        ) from exc
    finally:
        connection.close()


def refused(instance: Instance, status: int, doing: str) -> InstanceLoginError:
    """The error for a token that an instance does not accept."""
    return InstanceLoginError(
        f"{doing}: it refused the token of '{instance.user}' (status {status}). Run `make up STACK={instance.stack}`, "
        "which gives it the token again."
    )
