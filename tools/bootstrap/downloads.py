"""Download official archives over HTTPS: give up within seconds in a closed network, verify before use.

A host that does not respond is not tried again in the same run. The time limit covers the whole attempt to connect,
including name resolution, which a socket's timeout does not.
"""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.host.atomic_files import replacing
from tools.bootstrap.bootstrap_errors import UnavailableError

CONTACT_SECONDS = 5.0
STALL_SECONDS = 30.0
CHUNK = 1024 * 1024

_silent: set[str] = set()


def fetch(url: str, target: Path, *, sha256: str) -> None:
    """Download a file; it appears under its name when it is complete and its hash is verified."""
    if target.exists() and _sha256(target) == sha256:
        return
    try:
        with replacing(target) as unfinished:
            with _open(url) as response, unfinished.open("wb") as file:
                while chunk := response.read(CHUNK):
                    file.write(chunk)
            found = _sha256(unfinished)
            if found != sha256:
                raise UnavailableError(f"{url} has the SHA-256 {found}, expected {sha256}")
    except (OSError, HTTPException) as exc:
        raise UnavailableError(f"{url}: the transfer was interrupted ({_reason(exc)})") from exc


def read_json(url: str) -> Any:  # noqa: ANN401  (whatever the document holds)
    """Read a JSON document."""
    try:
        with _open(url) as response:
            return json.load(response)
    except (OSError, HTTPException, ValueError) as exc:
        raise UnavailableError(f"{url}: not a valid document ({_reason(exc)})") from exc


def _open(url: str) -> HTTPResponse:
    """Send a request; give up when the response does not start in time."""
    host = urlsplit(url).netloc
    if host in _silent:
        raise UnavailableError(f"{host} cannot be reached")
    outcome: list[HTTPResponse | Exception] = []

    def contact() -> None:
        try:
            outcome.append(urllib.request.urlopen(url, timeout=STALL_SECONDS))  # noqa: S310  (addresses of our table)
        except (OSError, HTTPException) as exc:
            outcome.append(exc)

    thread = threading.Thread(target=contact, daemon=True)
    thread.start()
    thread.join(CONTACT_SECONDS)
    answer = outcome[0] if outcome else TimeoutError(f"no response within {CONTACT_SECONDS:.0f} s")
    if isinstance(answer, urllib.error.HTTPError):
        answer.close()
        raise UnavailableError(f"{url}: HTTP status {answer.code}") from answer
    if isinstance(answer, Exception):
        _silent.add(host)
        raise UnavailableError(f"{host} cannot be reached ({_reason(answer)})") from answer
    return answer


def _reason(exc: Exception) -> str:
    inner = exc.reason if isinstance(exc, urllib.error.URLError) else exc
    return getattr(inner, "strerror", None) or str(inner) or type(inner).__name__


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
