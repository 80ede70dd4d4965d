"""Whether a login may pull an image: the engine asks only when it does not have the image yet."""

from __future__ import annotations

from http import HTTPStatus

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.service_connection import ServiceConnection
from infra.clients.tls import tls_sessions

_TIMEOUT_SECONDS = (10.0, 60.0)


def may_pull(connection: ServiceConnection, image: str) -> bool:
    """Whether the registry gives the manifest of an image to this login, if there is one.

    Args:
        connection: The registry, with user name and password.
        image: Name with a digest or a tag, without the address of the registry.
    """
    name, digest = image.partition("@")[::2]
    repository, _, tag = (name, "", "") if digest else name.rpartition(":")
    url = f"{connection.endpoint}/v2/{repository or name}/manifests/{digest or tag or 'latest'}"
    session = tls_sessions.session(connection.ca_certificate)
    session.auth = (connection.credentials["username"], connection.credentials["password"])
    with reporting_unreachable(f"container registry (looking for '{image}')", connection.endpoint):
        response = session.head(url, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    return response.status_code not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
