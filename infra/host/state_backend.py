"""Pulumi's state backend: its address, and the files of a file backend, which can be read without the Pulumi CLI.

With any other backend there is no folder: the states are reached through the CLI alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.errors import HostError

VARIABLE = "PULUMI_BACKEND_URL"

_ENDPOINT, _CHECKSUMS = "endpoint=", "request_checksum_calculation="


def address() -> str:
    """The backend's address: the environment's, else that of the last `pulumi login`; empty when there is none."""
    return os.environ.get(VARIABLE) or _logged_in()


def _logged_in() -> str:
    home = os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"
    try:
        found = json.loads(Path(home, "credentials.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(found.get("current") or "") if isinstance(found, dict) else ""


def completed(url: str) -> str:
    """A backend's address with what the pinned CLI has to be told of a store that is not Amazon's own.

    The CLI's own default for such stores is a checksum header that MinIO and others refuse (pulumi/pulumi#24219).
    """
    if not url.startswith("s3://") or _ENDPOINT not in url or _CHECKSUMS in url:
        return url
    return f"{url}&{_CHECKSUMS}when_supported"


def backend_folder(url: str) -> Path | None:
    """The file backend's `.pulumi` folder; None with any other backend.

    Args:
        url: The backend's address. As for the CLI, `~` is the user's home, and what follows `?` are settings.

    Raises:
        HostError: It is no address.
    """
    try:
        url_of_backend = urlsplit(url)
        if url_of_backend.scheme != "file":
            return None
        return Path(unquote(url_of_backend.netloc + url_of_backend.path)).expanduser() / ".pulumi"
    except (ValueError, RuntimeError) as exc:
        raise HostError(
            f"reading the address of the state backend: {VARIABLE} is '{url}', which cannot be one ({exc}). Set it to "
            "e.g. 'file:///srv/state', or unset it for files below MLW_HOME."
        ) from exc


def backend_id(url: str) -> str:
    """Name a backend in 12 hexadecimal digits, for folders and locks of this machine; never for ownership.

    A file backend is named by the folder that it is in, however its address is spelt.
    """
    folder = backend_folder(url)
    place = str(folder.parent.resolve()) if folder else url.partition(f"&{_CHECKSUMS}")[0].rstrip("/")
    return hashlib.sha256(f"{place}\n".encode()).hexdigest()[:12]


def state_files(backend: Path | None, project: str) -> dict[str, Path]:
    """Stack to state file, of all stacks of a project that have one; compressed ones too.

    Args:
        backend: What :func:`backend_folder` returned.
        project: Name of the project.
    """
    found = sorted((backend / "stacks" / project).glob("*.json*")) if backend else []
    return {path.name.partition(".json")[0]: path for path in found if path.name.endswith((".json", ".json.gz"))}
