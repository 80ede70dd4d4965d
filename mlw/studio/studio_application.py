"""The application: its addresses, and what happens with an error.

Pages read; only forms of panels and uploads change anything. Functions of pages are plain ones, which Starlette runs in
threads: clients of services block.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from infra.errors import MlWorkspaceError, UnknownStackError
from mlw.stacks import stacks
from mlw.studio import artifact_download, blob_download, notebook_requests, sent_forms, workspace_list
from mlw.studio.guards import Guard, cookie_name
from mlw.studio.page_templates import OWN_FILES, Pages
from mlw.studio.panel import Panel, PanelRequest, Submit
from mlw.studio.panel_table import NAVIGATION, PANELS
from mlw.studio.range_choice import range_values
from mlw.studio.sessions import Sessions
from mlw.studio.stack_access import AccessCache

HOUR = "max-age=3600"
log = logging.getLogger("mlw.studio")


@dataclass(frozen=True, kw_only=True, slots=True)
class Studio:
    """One running studio.

    Attributes:
        port: Its port on 127.0.0.1.
        stack: Name of the only stack that it shows; empty for all.
        assets: Folder of the scripts and style sheets of other projects.
    """

    port: int
    assets: Path
    stack: str = ""
    access: AccessCache = field(default_factory=AccessCache)
    sessions: Sessions = field(default_factory=Sessions)
    pages: Pages = field(default_factory=Pages)

    @property
    def login_url(self) -> str:
        """The login link."""
        return f"http://127.0.0.1:{self.port}/login/{self.sessions.login_token}"

    def application(self) -> ASGIApp:
        """Build the application with its guard."""
        routes = [
            Route("/", self._home),
            Route("/login/{token}", self._log_in),
            Route("/static/{name}", self._static),
            Route("/stacks/{stack}", self._to_first_panel),
            Route("/stacks/{stack}/storage/download", self._download_blob),
            Route("/stacks/{stack}/runs/download", self._download_artifact),
            Route("/stacks/{stack}/notebooks/download", self._download_file),
            Route("/stacks/{stack}/notebooks/picture", self._picture),
            Route("/stacks/{stack}/notebooks/upload", self._upload, methods=["POST"]),
            Route("/stacks/{stack}/{panel}", self._panel),
            Route("/stacks/{stack}/{panel}", self._submit, methods=["POST"]),
        ]
        handlers: dict[Any, Callable[..., Response]] = {HTTPException: self._http_error}
        return Guard(Starlette(routes=routes, exception_handlers=handlers), sessions=self.sessions, port=self.port)

    def _log_in(self, request: Request) -> Response:
        session = self.sessions.begin(request.path_params["token"])
        if session is None:
            return self._message("This login link does not work", _USED, status=403)
        # A page that leads on, instead of a redirect: a browser that came from elsewhere would not send the cookie.
        response = self.pages.render("logged_in.html", {})
        response.set_cookie(cookie_name(self.port), session, httponly=True, samesite="strict", path="/")
        return response

    def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        for folder in (OWN_FILES, self.assets):
            if name in {file.name for file in folder.iterdir() if file.is_file()}:
                return FileResponse(folder / name, headers={"Cache-Control": HOUR})
        raise HTTPException(404, f"there is no file '{name}'")

    def _home(self, _request: Request) -> Response:
        if self.stack:
            return RedirectResponse(f"/stacks/{self.stack}")
        return self._shown("home.html", lambda: {**workspace_list.read()}, self._frame(title="Workspaces"))

    def _to_first_panel(self, request: Request) -> Response:
        return RedirectResponse(f"/stacks/{request.path_params['stack']}/{next(iter(PANELS))}")

    def _panel(self, request: Request) -> Response:
        stack, key = request.path_params["stack"], request.path_params["panel"]
        if key not in PANELS:
            raise HTTPException(404, f"there is no panel '{key}'")
        panel = PANELS[key]
        frame = self._frame(title=panel.title, stack=stack, panel=panel)
        return self._shown(panel.template, lambda: self._content(panel, self._request(stack, request)), frame)

    async def _submit(self, request: Request) -> Response:
        panel = PANELS.get(request.path_params["panel"])
        if panel is None or panel.submit is None:
            raise HTTPException(405, "this panel has no form")
        return await run_in_threadpool(self._submitted, request, panel, panel.submit, await sent_forms.read(request))

    def _submitted(self, request: Request, panel: Panel, submit: Submit, form: Mapping[str, str]) -> Response:
        stack = request.path_params["stack"]
        frame = self._frame(title=panel.title, stack=stack, panel=panel)
        try:
            found = submit(self._request(stack, request), form)
        except MlWorkspaceError as exc:
            return self.pages.render("error.html", {**frame, "problem": "Nothing was changed", "message": str(exc)})
        if isinstance(found, str):
            return RedirectResponse(found, status_code=303)
        return self.pages.render(panel.template, {**frame, **found})

    def _content(self, panel: Panel, request: PanelRequest) -> Mapping[str, Any]:
        ranged = range_values(request) if panel.has_range else {}
        return {**ranged, **panel.load(request)}

    def _download_blob(self, request: Request) -> Response:
        return self._download(request, blob_download.download)

    def _download_artifact(self, request: Request) -> Response:
        return self._download(request, artifact_download.download)

    def _download_file(self, request: Request) -> Response:
        return self._download(request, notebook_requests.download)

    def _picture(self, request: Request) -> Response:
        return self._download(request, notebook_requests.picture)

    async def _upload(self, request: Request) -> Response:
        try:
            content = await notebook_requests.body_of(request)
            return await run_in_threadpool(self._uploaded, request, content)
        except MlWorkspaceError as exc:
            return JSONResponse({"message": str(exc)}, status_code=400)

    def _uploaded(self, request: Request, content: bytes) -> Response:
        return notebook_requests.upload(self._request(request.path_params["stack"], request), content)

    def _download(self, request: Request, content: Callable[[PanelRequest], Response]) -> Response:
        stack = request.path_params["stack"]
        try:
            return content(self._request(stack, request))
        except MlWorkspaceError as exc:
            return self._message("The download failed", str(exc), status=502)

    def _request(self, stack: str, request: Request) -> PanelRequest:
        if self.stack and stack != self.stack:
            raise UnknownStackError(f"opening stack '{stack}': this studio was started for stack '{self.stack}' only.")
        return PanelRequest(access=self.access.of(stack), parameters=dict(request.query_params))

    def _frame(self, *, title: str, stack: str = "", panel: Panel | None = None) -> dict[str, Any]:
        """What every page has around its content."""
        known = [self.stack] if self.stack else stacks.names()
        return {
            "title": title, "stack": stack, "panel": panel, "navigation": NAVIGATION, "stacks": known,
            "principal": self.access.principal, "has_home": not self.stack,
        }  # fmt: skip

    def _shown(self, template: str, load: Callable[[], Mapping[str, Any]], frame: Mapping[str, Any]) -> Response:
        """Render a page; an error takes the place of its content."""
        try:
            return self.pages.render(template, {**frame, **load()})
        except MlWorkspaceError as exc:
            return self.pages.render("error.html", {**frame, "message": str(exc)})
        except Exception as exc:
            log.exception("showing '%s'", frame["title"])
            message = (
                f"showing this panel: unexpected {type(exc).__name__}. The terminal of `mlw studio` shows details."
            )
            return self.pages.render("error.html", {**frame, "message": message})

    def _http_error(self, _request: Request, exc: HTTPException) -> Response:
        return self._message("Not found" if exc.status_code == 404 else "Refused", exc.detail, status=exc.status_code)  # noqa: PLR2004 - HTTP's own number

    def _message(self, title: str, message: str, *, status: int) -> Response:
        return self.pages.render("message.html", {"title": title, "message": message}, status=status)


_USED = (
    "It was used before, or belongs to a studio that has ended. A login link works once: start `mlw studio` again and "
    "open the link that it prints."
)
