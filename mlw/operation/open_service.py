"""`mlw open`: the addresses of a workspace, in a browser where there is one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click

from infra.host.near_names import suggestion
from infra.services import WITHOUT_SCHEME
from mlw.command import DONE, FAILED, FAILURE, PROGRAM, command
from mlw.command_options import STACK
from mlw.lifecycle.display import ENDPOINTS
from mlw.operation.service_names import UnknownServiceError
from mlw.output import table
from mlw.stacks.stacks import Stack, open_stack

HEADINGS = ("ENDPOINT", "SERVICE", "ADDRESS")
DISPLAYS = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
"""Variables of which one is set where a browser with windows can start."""

_PATHS: Mapping[str, str] = {
    "registry": "/v2/_catalog",
    "registryReadOnly": "/v2/_catalog",
    "keyVault": "/v1/sys/health",
}
"""What a browser can show of a service that has no page."""

_ALIASES: Mapping[str, str] = {
    "storageaccount": "storage",
    "containerregistry": "registry",
    "applicationinsights": "otlpHttp",
    "telemetry": "otlpHttp",
    "mlflow": "tracking",
}


@command(
    examples=("mlw open dev", "mlw open dev registry", "mlw open dev storage --print"),
    exit_codes={DONE: "shown in the browser, or printed", FAILED: FAILURE},
)
@STACK
@click.argument("service", metavar="[SERVICE]", required=False, help="Key of the output endpoints; or Azure's name.")
@click.option("--print", "print_only", is_flag=True, help="Only print the address.")
def open_service(stack: str, service: str | None, *, print_only: bool) -> int:
    """Open a service of a workspace in the browser.

    Prints the address, and opens it in the browser if there is one. Without a service it lists all addresses. No
    address contains a credential.
    """
    found = open_stack(stack)
    endpoints = found.require_outputs()["endpoints"]
    if service is None:
        rows = ((use, ENDPOINTS.get(use, use), str(address)) for use, address in endpoints.items())
        print(table(HEADINGS, rows))
        return DONE
    use = _resolve(found, service)
    url = _url(found, use, str(endpoints[use]))
    print(url, flush=True)
    if not print_only and use != "otlpGrpc":
        show_address(url)
    return DONE


def _resolve(stack: Stack, name: str) -> str:
    known = {use.casefold(): use for use in stack.outputs["endpoints"]}
    found = known.get(_ALIASES.get(name.casefold(), name).casefold())
    if found is None:
        raise UnknownServiceError(
            f"looking for service '{name}': no such endpoint in stack '{stack.name}'."
            f"{suggestion(name, known.values())} Endpoints: {', '.join(known.values())}."
        )
    return str(found)


def _url(stack: Stack, use: str, address: str) -> str:
    scheme = f"{'https' if stack.serves_tls else 'http'}://" if use in WITHOUT_SCHEME else ""
    return f"{scheme}{address}{_PATHS.get(use, '/')}"


def show_address(url: str) -> None:
    """Open the browser. Without a display there may still be one for text, which would take over the terminal."""
    if not (any(os.environ.get(name) for name in DISPLAYS) or sys.platform == "darwin"):
        return
    import webbrowser  # noqa: PLC0415 - only with a display

    if not webbrowser.open(url):
        print(f"{PROGRAM}: opening '{url}': no browser could be started. Open the address yourself.", file=sys.stderr)
