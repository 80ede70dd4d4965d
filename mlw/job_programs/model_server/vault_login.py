"""Logs the identity of an endpoint in to the key vault, and keeps its login valid while the container runs.

A token lasts an hour, and a server reads its variables once. So the container's first process logs in before the server
starts, and extends the login. A login that is lost although the credentials are valid, e.g. after the key vault did not
respond for an hour, ends the server: the engine starts the container again, with a new one.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

TOKEN = "VAULT_TOKEN"  # noqa: S105 - the name of a variable
SECONDS, RETRY_SECONDS, PATIENCE_SECONDS = 1200.0, 30.0, 60.0
"""How often a login is extended, the pause after a failure, and how long the first one may take."""

_TIMEOUT_SECONDS, _POLL_SECONDS = 10.0, 1.0
_OK, _REFUSED = 200, (400, 403)


class LoginRefusedError(Exception):
    """The key vault does not accept the credentials, or the token."""


class VaultLogin:
    """The credentials of a principal.

    Args:
        address: Address of the key vault.
        username: Name of the principal.
        password: Its password.
        ca_certificate: CA certificates (PEM) of the key vault; empty for plain HTTP.
    """

    def __init__(self, *, address: str, username: str, password: str, ca_certificate: str = "") -> None:
        self._url, self.username, self._password = urlsplit(address), username, password
        self._ca_certificate = ca_certificate

    def log_in(self) -> str:
        """A new token.

        Raises:
            LoginRefusedError: The credentials are not valid any more.
            OSError: The key vault does not respond, or is sealed.
        """
        found = self._post(f"auth/userpass/login/{quote(self.username)}", {"password": self._password}, "")
        return str(found["auth"]["client_token"])

    def extend(self, token: str) -> None:
        """Extend a token by another hour; raises as :meth:`log_in`."""
        self._post("auth/token/renew-self", {}, token)

    def _post(self, path: str, body: dict[str, str], token: str) -> dict[str, Any]:
        connection = self._connect()
        try:
            headers = {"X-Vault-Token": token} if token else {}
            connection.request("POST", f"/v1/{path}", json.dumps(body), headers)
            response = connection.getresponse()
            said = response.read()
        except http.client.HTTPException as exc:
            raise OSError(f"{type(exc).__name__}: {exc}") from exc
        finally:
            connection.close()
        if response.status in _REFUSED:
            raise LoginRefusedError(f"status {response.status}")
        if response.status != _OK:
            raise OSError(f"status {response.status}")
        found: dict[str, Any] = json.loads(said)
        return found

    def _connect(self) -> http.client.HTTPConnection:
        if self._url.scheme != "https":
            return http.client.HTTPConnection(self._url.netloc, timeout=_TIMEOUT_SECONDS)
        context = ssl.create_default_context(cadata=self._ca_certificate or None)
        return http.client.HTTPSConnection(self._url.netloc, timeout=_TIMEOUT_SECONDS, context=context)


def first_token(login: VaultLogin, seconds: float = PATIENCE_SECONDS) -> str:
    """A token; empty, with a line in the log, if there is none after so many seconds, or the login is refused."""
    end = time.monotonic() + seconds
    while True:
        try:
            return login.log_in()
        except LoginRefusedError as exc:
            _say(f"the key vault refuses the login of '{login.username}' ({exc}): its credentials were replaced.")
            return ""
        except OSError as exc:
            if time.monotonic() >= end:
                _say(f"the key vault does not respond ({exc}); the server starts without {TOKEN}.")
                return ""
        time.sleep(_POLL_SECONDS)


def keep(login: VaultLogin, token: str, done: threading.Event, lost: threading.Event, seconds: float = SECONDS) -> None:
    """Extend a token until ``done``; set ``lost`` if it is not valid any more and a new one can be had."""
    wait = seconds
    while not done.wait(wait):
        try:
            login.extend(token)
            wait = seconds
        except OSError:
            wait = min(RETRY_SECONDS, seconds)
        except LoginRefusedError:
            if first_token(login, 0):
                _say("the login to the key vault has ended; the server is started again with a new one.")
                lost.set()
            return


@contextmanager
def logged_in(file: Path) -> Iterator[tuple[dict[str, str], threading.Event]]:
    """Be logged in inside the block: the server's variable, and an event that says that it must start again.

    Args:
        file: Has the arguments of :class:`VaultLogin`.
    """
    login = VaultLogin(**json.loads(file.read_text(encoding="utf-8")))
    token, done, lost = first_token(login), threading.Event(), threading.Event()
    if not token:
        yield {}, lost
        return
    thread = threading.Thread(target=keep, args=(login, token, done, lost), daemon=True, name="key vault")
    thread.start()
    try:
        yield {TOKEN: token}, lost
    finally:
        done.set()
        thread.join(_TIMEOUT_SECONDS)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
