"""`mlw studio`: starts the page on 127.0.0.1, prints its login link, opens the browser."""

from __future__ import annotations

import errno
import logging
import socket
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path

import click

from infra.errors import HostError
from infra.host import npm_packages
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import stack_names
from mlw.stacks.stacks import open_stack

ADDRESS = "127.0.0.1"
PORT = 8790
ASSETS = Path(__file__).with_name("studio_assets.toml")
EXTRA = "pip install 'ml-workspace[studio]'"


@command(
    examples=("mlw studio", "mlw studio dev --no-browser", "mlw studio dev --principal dora --port 9000"),
    exit_codes={DONE: "ended with Ctrl-C", FAILED: FAILURE},
)
@click.argument(
    "stack",
    metavar="[STACK]",
    required=False,
    shell_complete=stack_names,
    help="Show only this stack; by default all stacks of the state backend.",
)
@click.option("--principal", metavar="NAME", help="Use only the credentials of this principal of the stack.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help=f"Port on {ADDRESS}; the default is {PORT}.")
@click.option("--no-browser", is_flag=True, help="Print the login link, do not open a browser.")
def studio(stack: str | None, principal: str | None, port: int | None, *, no_browser: bool) -> int:
    """Show workspaces on a local page.

    Serves a page on 127.0.0.1 until Ctrl-C: resources, health, telemetry, access, names of secrets, blobs, images,
    notebooks. The page reads, and changes only the traffic of online endpoints and files of notebooks. The login link
    that is printed works once, in one browser.

    With --principal every service is asked with the credentials of that principal, so that the page shows what its
    roles allow. Otherwise the page uses the credentials of the stack.
    """
    if principal and not stack:
        raise click.UsageError("--principal needs a STACK.", click.get_current_context())
    _require_packages()
    assets = npm_packages.ensure(npm_packages.read_table(ASSETS, title="the assets of the studio"))
    from mlw.studio.stack_access import AccessCache  # noqa: PLC0415 - same
    from mlw.studio.studio_application import Studio  # noqa: PLC0415 - the packages may be missing

    access = AccessCache(principal or "")
    if stack and principal:
        access.of(stack)
    elif stack:
        open_stack(stack).require_outputs()
    with _listening(port) as listener:
        made = Studio(port=listener.getsockname()[1], assets=assets, stack=stack or "", access=access)
        print(f"Studio: {made.login_url}\nThe link works once. Press Ctrl-C to end.", flush=True)
        with _opened(made.login_url, wanted=not no_browser), suppress(KeyboardInterrupt):  # the way to end it
            _serve(made.application(), listener)
    return DONE


def _require_packages() -> None:
    try:
        import jinja2  # noqa: F401, PLC0415 - an extra
        import starlette  # noqa: F401, PLC0415 - same
        import uvicorn  # noqa: F401, PLC0415 - same
    except ImportError as exc:
        raise HostError(f"starting the studio: the package '{exc.name}' is not installed. Run: {EXTRA}") from exc


@contextmanager
def _listening(port: int | None) -> Iterator[socket.socket]:
    """Bind the port; without a wish, another one when the default is in use."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, port or PORT))
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                raise
            if port:
                raise HostError(
                    f"starting the studio: port {port} of {ADDRESS} is in use. Choose another one with --port, or none."
                ) from exc
            listener.bind((ADDRESS, 0))
        listener.listen()  # before the link is printed: whoever opens it at once has to wait, not to fail
        yield listener


@contextmanager
def _opened(url: str, *, wanted: bool) -> Iterator[None]:
    """Open the browser at a private file that leads to the link: arguments of programs are visible to other users."""
    if not wanted or not _has_browser():
        yield
        return
    with tempfile.TemporaryDirectory(prefix="mlw-studio-") as folder:
        page = Path(folder) / "login.html"
        page.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(url)}">', encoding="utf-8")
        webbrowser.open(page.as_uri())
        yield


def _has_browser() -> bool:
    """Whether a browser would open a window; one in the terminal would take it over."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    return not isinstance(found, webbrowser.GenericBrowser) or isinstance(found, webbrowser.BackgroundBrowser)


def _serve(application: object, listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415 - an extra

    logging.getLogger("mlw.studio").addHandler(logging.StreamHandler())
    config = uvicorn.Config(
        application,  # type: ignore[arg-type]  # an ASGI application
        access_log=False,  # addresses have the login token
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run(sockets=[listener])
