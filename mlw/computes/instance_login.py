"""A link that logs the user of a compute instance in, once.

The token of the user is read from the key vault and sent to the instance, which makes the link; it is neither printed
nor part of a command line.
"""

from __future__ import annotations

import http.client
import json
from http import HTTPStatus

from infra.clients import readiness_probes
from infra.errors import MlWorkspaceError
from mlw.computes.instances import RUNNING, Instance
from mlw.keys.principal_credentials import credentials_of
from mlw.stacks.stacks import open_stack

TOKEN = "computeInstanceToken"  # noqa: S105 - the name of a field
"""Field of the principal's secret in the key vault."""


class InstanceLoginError(MlWorkspaceError):
    """Nobody can log in to the instance."""


def login_link(instance: Instance) -> str:
    """Make a link for the user of an instance.

    Raises:
        InstanceLoginError: The instance does not run, or refuses the token.
        NoSuchPrincipalError: The key vault does not have the credentials of its user.
    """
    doing, stack = f"connecting to compute instance '{instance.name}'", instance.stack
    if instance.state != RUNNING:
        raise InstanceLoginError(
            f"{doing}: it is {instance.state.lower()}. Start it: `mlw compute start {stack} --name {instance.name}`."
        )
    opened = open_stack(stack)
    token = str(credentials_of(opened, instance.user).get(TOKEN, ""))
    status, content = _ask(instance, token, opened.ca_certificate, doing)
    if status != HTTPStatus.OK:
        raise InstanceLoginError(
            f"{doing}: it refused the token of '{instance.user}' (status {status}). Run `make up STACK={stack}`, "
            "which gives it the token again."
        )
    return f"{instance.endpoint}{json.loads(content)['path']}"


def _ask(instance: Instance, token: str, ca_certificate: str, doing: str) -> tuple[int, bytes]:
    connection = readiness_probes.open_connection(instance.endpoint, ca_certificate=ca_certificate)
    try:
        connection.request("POST", "/login/links", headers={"Authorization": f"token {token}"})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as exc:
        raise InstanceLoginError(
            f"{doing}: no response from {instance.endpoint} ({type(exc).__name__}). If it has just been started, try "
            f"again; `docker logs {instance.container}` shows its output."
        ) from exc
    finally:
        connection.close()
