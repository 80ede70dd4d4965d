"""Logins: only the token of the assigned user, which is compared with the file of today, and links that work once.

A session belongs to the token that it began with. When the token is rotated, or the instance is assigned to someone
else, all sessions end with the next request.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

if TYPE_CHECKING:
    from .user_access import Access

LINK_SECONDS = 300.0
_BYTES = 32


class LoginLinks:
    """Codes of login links: each works once, and not after five minutes."""

    def __init__(self) -> None:
        self._valid_until: dict[str, float] = {}

    def make(self) -> str:
        """A new code."""
        now = time.monotonic()
        self._valid_until = {code: end for code, end in self._valid_until.items() if end > now}
        code = secrets.token_urlsafe(_BYTES)
        self._valid_until[code] = now + LINK_SECONDS
        return code

    def use(self, code: str) -> bool:
        """Whether a code is valid; it no longer is afterwards."""
        return self._valid_until.pop(code, 0.0) > time.monotonic()


class TokenIdentity(IdentityProvider):  # type: ignore[misc]
    """One user, with the token of the access file."""

    access: Access
    links: LoginLinks

    @property
    def token(self) -> str:
        """The token of the moment."""
        self.access.refresh()
        return self.access.token

    async def get_user_token(self, handler: web.RequestHandler) -> User | None:
        """The user, if the request has the token."""
        return self.user() if self._is_token(self.get_token(handler) or "") else None

    def process_login_form(self, handler: web.RequestHandler) -> User | None:
        """The user, if the form has the token."""
        return self.user() if self._is_token(handler.get_argument("password", default="") or "") else None

    def user(self) -> User:
        """The assigned user."""
        name = self.access.user
        return User(username=name, name=name, display_name=name, initials=name[:2].upper())

    def user_to_cookie(self, user: User) -> str:
        """What a session is: the user, and the token that it began with."""
        return json.dumps({"user": user.username, "login": self.access.login})

    def user_from_cookie(self, cookie_value: str) -> User | None:
        """The user of a session; None if the token has changed since."""
        found = json.loads(cookie_value)
        self.access.refresh()
        same = hmac.compare_digest(str(found.get("login")), self.access.login)
        return self.user() if same and self.access.token and found.get("user") == self.access.user else None

    def get_handlers(self) -> list[tuple[str, object]]:
        """The login pages, and those of links."""
        return [*super().get_handlers(), (r"/login/links", MakeLink), (r"/login/once", UseLink)]

    def _is_token(self, given: str) -> bool:
        known = self.token
        return bool(known) and hmac.compare_digest(given.encode(), known.encode())


class MakeLink(JupyterHandler):  # type: ignore[misc]
    """Makes a login link, for `mlw compute connect`, which has the token."""

    @web.authenticated  # type: ignore[untyped-decorator]
    def post(self) -> None:
        """Respond with the path of a link."""
        identity: Any = self.identity_provider
        if not identity.is_token_authenticated(self):
            raise web.HTTPError(403, "a link is made only for the token")
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"path": f"/login/once?code={identity.links.make()}"}))


class UseLink(JupyterHandler):  # type: ignore[misc]
    """Begins a session."""

    @allow_unauthenticated  # type: ignore[untyped-decorator]
    def get(self) -> None:
        """Redirect to JupyterLab, or to the login page if the link is used or too old."""
        identity: Any = self.identity_provider
        if not identity.links.use(self.get_argument("code", default="") or ""):
            self.redirect(f"{self.base_url}login")
            return
        identity.set_login_cookie(self, identity.user())
        self.redirect(f"{self.base_url}lab")
