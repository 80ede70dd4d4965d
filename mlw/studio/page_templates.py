"""Turns data into pages: the templates, and the addresses that they link to.

Everything that a template prints is escaped, whatever it is; no template marks anything as safe. Only text of notebooks
is markup, which `sanitized_text` makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from starlette.responses import HTMLResponse

from mlw.studio import formats
from mlw.tracking import tracking_text

TEMPLATES = Path(__file__).with_name("templates")
OWN_FILES = Path(__file__).with_name("static")


def environment() -> jinja2.Environment:
    """The templates, with their filters."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "size": formats.size,
        "number": formats.number,
        "milliseconds": formats.milliseconds,
        "percent": formats.percent,
        "moment": formats.moment,
        "day": formats.day,
        "ago": formats.ago,
        "digest": formats.short_digest,
        "metric": tracking_text.number,
        "seconds": tracking_text.duration,
    }
    made.globals |= {
        "panel_url": panel_url,
        "download_url": download_url,
        "artifact_url": artifact_url,
        "notebook_url": notebook_url,
    }
    return made


class Pages:
    """Renders templates."""

    def __init__(self) -> None:
        self._templates = environment()

    def render(self, template: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
        """Render a page."""
        return HTMLResponse(self._templates.get_template(template).render(values), status_code=status)


def panel_url(stack: str, panel: str, **parameters: str | None) -> str:
    """Address of a panel; parameters that are empty are left out."""
    return _url(f"/stacks/{quote(stack, safe='')}/{panel}", parameters)


def download_url(stack: str, **parameters: str | None) -> str:
    """Address of a blob's content."""
    return _url(f"/stacks/{quote(stack, safe='')}/storage/download", parameters)


def artifact_url(stack: str, **parameters: str | None) -> str:
    """Address of an artifact's content."""
    return _url(f"/stacks/{quote(stack, safe='')}/runs/download", parameters)


def notebook_url(stack: str, action: str, **parameters: str | None) -> str:
    """Address of a request on the notebooks' file store: `download`, `picture` or `upload`."""
    return _url(f"/stacks/{quote(stack, safe='')}/notebooks/{action}", parameters)


def _url(path: str, parameters: Mapping[str, str | None]) -> str:
    given = {name: value for name, value in parameters.items() if value}
    return f"{path}?{urlencode(given, quote_via=quote)}" if given else path
