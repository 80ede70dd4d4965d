"""Where packages come from: pip's configuration in uv's words, so that one configuration serves both."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from functools import cache

_SECONDS = 20
_NAMES: Mapping[str, str] = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
}
_OTHERS = ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_FIND_LINKS", "UV_CONFIG_FILE")


@cache
def variables() -> dict[str, str]:
    """Variables for uv; none if uv itself is configured by variables."""
    if any(name in os.environ for name in _OTHERS):
        return {}
    found: dict[str, str] = {}
    for name, value in _pip_configuration().items():
        ours = _NAMES.get(name)
        if ours == "UV_FIND_LINKS":
            # Unlike pip, uv refuses a folder that does not exist.
            value = ",".join(one for one in value.split() if "://" in one or os.path.isdir(one))  # noqa: PTH112, PLW2901
        if ours and value and not (ours == "SSL_CERT_FILE" and ours in os.environ):
            found[ours] = value
    return found


def _pip_configuration() -> dict[str, str]:
    """Options of pip, the last source that names one counts: files, then variables."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found: dict[str, str] = {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in {"global", "install", ":env:"}:
            found[name] = " ".join(shlex.split(value)).strip()
    return found
