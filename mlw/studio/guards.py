"""What every request passes before it reaches a page: host, session, headers.

The host check stops DNS rebinding, by which a page of another origin reads local services under its own name. What
changes something has to come from a page of this studio: the cookie alone does not say so, because browsers send it
from pages of all ports of this machine, such as notebooks. The content security policy allows no inline script or style
and no other origin, so that text from telemetry or names of blobs stays text even if a template forgot to escape it.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlw.studio.sessions import Sessions

PUBLIC = ("/login/", "/static/")
"""Paths without a session: the login itself, and files that are the same for everyone."""

READING = frozenset({"GET", "HEAD"})
"""Methods of requests that change nothing."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

REFUSED = (
    "not logged in: open the login link that `mlw studio` printed; it works once. Start the studio again for another."
)


class Guard:
    """Middleware around the whole application.

    Args:
        app: What it guards.
        sessions: The open sessions.
        port: Port of the studio; the only one that a request may name as its host.
    """

    def __init__(self, app: ASGIApp, *, sessions: Sessions, port: int) -> None:
        self._app, self._sessions = app, sessions
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        self._cookie = cookie_name(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if headers.getlist("host") != [headers.get("host")] or headers["host"].lower() not in self._hosts:
            return PlainTextResponse("refused: this page is served to 127.0.0.1 only\n", status_code=403)
        if scope["method"] not in READING and not _is_own_page(headers):
            return PlainTextResponse("refused: this request is not from a page of this studio\n", status_code=403)
        if scope["path"].startswith(PUBLIC) or self._sessions.is_open(_cookie(headers.get("cookie", ""), self._cookie)):
            return None
        return PlainTextResponse(f"{REFUSED}\n", status_code=401)


def _is_own_page(headers: Headers) -> bool:
    """Whether a request was sent by a page of this origin; browsers say so, and scripts cannot change it."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    # A form has no origin of its own where pages send no referrer.
    return origin == f"http://{headers['host']}" or (site == "same-origin" and origin in {None, "null"})


def cookie_name(port: int) -> str:
    """Name of the session's cookie; browsers do not separate cookies by port."""
    return f"mlw-studio-{port}"


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
