"""Access: login, roles, and the checks against foreign pages in a user's browser.

The only layer that decides. A request needs a login unless it asks for the server's health, and an operation of the
user for its route. Both are looked up for every request.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from .graphql import RefusedQueryError, operations_of
from .http_messages import Application, Receive, RequestError, Scope, Send, header, read_body, replay
from .routes import GRAPHQL, LOGIN, Route, find
from .users import User, Users, UsersUnavailableError

HEALTH = "/health"
FULL_NAME = "Microsoft.MachineLearningServices/workspaces/"
USER_KEY = "tracking.user"
ROUTE_KEY = "tracking.route"
"""Where later layers find the name of the user and the route, in the scope."""

_READING_METHODS = ("GET", "HEAD", "OPTIONS")
_CHALLENGE = ("www-authenticate", 'Basic realm="ml-workspace tracking", charset="UTF-8"')
_log = logging.getLogger(__name__)


class Access:
    """Lets a request pass to the application behind it, or raises what it is answered with."""

    def __init__(self, application: Application, users: Users, allowed_hosts: Iterable[str]) -> None:
        """Args: the application behind, the users, what clients may have in the `Host` header."""
        self._application, self._users = application, users
        self._hosts = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then call the application."""
        if scope["path"] != HEALTH:
            self._check_origin(scope)
            user = self._log_in(scope)
            route = _find_route(scope)
            if route.operations == (GRAPHQL,):
                body = await read_body(receive)
                receive = replay(body, receive)
                _check_query(user, body)
            else:
                _check_operation(user, route)
        await self._application(scope, receive, send)

    def _check_origin(self, scope: Scope) -> None:
        """Refuse what another page in the user's browser has sent: it would be sent with the user's login."""
        host = header(scope, "host").lower()
        if host not in self._hosts and _name_of(host) not in self._hosts:
            raise _denied(f"the host '{host}' is not one of this server: {', '.join(sorted(self._hosts))}")
        origin = header(scope, "origin")
        foreign = origin and urlsplit(origin).netloc.lower() != host
        if foreign or header(scope, "sec-fetch-site") in {"cross-site", "same-site"}:
            is_link = header(scope, "sec-fetch-mode") == "navigate" and scope["method"] in _READING_METHODS
            if not is_link:
                raise _denied(f"a page of another origin ('{origin}') may not use this server")

    def _log_in(self, scope: Scope) -> User:
        try:
            user = self._users.authenticate(header(scope, "authorization"))
        except UsersUnavailableError as exc:
            _log.error("nobody can log in", extra={"reason": str(exc)})
            message = "the users cannot be read at the moment; try again"
            raise RequestError(HTTPStatus.SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE", message) from exc
        if user is None:
            message = "log in with the name and the password of a principal of this workspace"
            raise RequestError(HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED", message, [_CHALLENGE])
        scope[USER_KEY] = user.name
        return user


def _name_of(host: str) -> str:
    """The host without the port."""
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def _find_route(scope: Scope) -> Route:
    route = find(scope["method"], scope["path"])
    if route is None:
        raise _denied(f"this server does not serve {scope['method']} {scope['path']}")
    scope[ROUTE_KEY] = route.path
    if route.refusal:
        raise _denied(f"this server does not serve {scope['method']} {scope['path']}: {route.refusal}")
    return route


def _check_operation(user: User, route: Route) -> None:
    if LOGIN not in route.operations and user.operations.isdisjoint(route.operations):
        raise _missing(user, route.operations, route.path)


def _check_query(user: User, body: bytes) -> None:
    try:
        needed = operations_of(body)
    except RefusedQueryError as exc:
        raise _denied(f"this server does not run the query: {exc}") from exc
    if missing := sorted(needed - user.operations):
        raise _missing(user, missing[:1], "the query")


def _missing(user: User, operations: Iterable[str], what: str) -> RequestError:
    names = " or ".join(f"{FULL_NAME}{operation}" for operation in operations)
    return _denied(f"'{user.name}' may not use {what}: it needs {names}. Ask an owner of the workspace for a role.")


def _denied(message: str) -> RequestError:
    return RequestError(HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", message)
