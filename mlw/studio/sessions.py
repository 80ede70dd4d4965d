"""Access to the page: a login link that works once, and the session that it starts.

The link is printed on the terminal of the person who started the studio. Sessions live in memory and end with the
process; there is no password to guess and nothing to store.
"""

from __future__ import annotations

import hmac
import secrets
import threading

_BYTES = 32


class Sessions:
    """The login token and the sessions of one studio."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._login: str | None = secrets.token_urlsafe(_BYTES)
        self._open: set[str] = set()

    @property
    def login_token(self) -> str:
        """The token of the login link; empty once it was used."""
        return self._login or ""

    def begin(self, token: str) -> str | None:
        """Exchange the login token for a session; None for a wrong or used token."""
        with self._lock:
            if self._login is None or not hmac.compare_digest(token.encode(), self._login.encode()):
                return None
            self._login = None
            session = secrets.token_urlsafe(_BYTES)
            self._open.add(session)
            return session

    def is_open(self, session: str) -> bool:
        """Whether a session exists."""
        given = session.encode()
        return any(hmac.compare_digest(given, known.encode()) for known in tuple(self._open))
