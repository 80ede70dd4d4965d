"""Pulumi's state backend: its address, and the files of a file backend, which are readable without the Pulumi CLI.

Any other backend has no folder: its states are accessible only through the CLI.
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
    """The backend's address, from the environment or the last `pulumi login`; empty if there is none."""
    return os.environ.get(VARIABLE) or _logged_in()


def _logged_in() -> str:
    home = os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"
    try:
        found = json.loads(Path(home, "credentials.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(found.get("current") or "") if isinstance(found, dict) else ""


def completed(url: str) -> str:
    """Add a setting that the pinned CLI needs for S3 stores other than Amazon's to a backend's address.

    By default, the CLI sends a checksum header that MinIO and others reject (pulumi/pulumi#24219).
    """
    if not url.startswith("s3://") or _ENDPOINT not in url or _CHECKSUMS in url:
        return url
    return f"{url}&{_CHECKSUMS}when_supported"


def backend_folder(url: str) -> Path | None:
    """The file backend's `.pulumi` folder; None for any other backend.

    Args:
        url: The backend's address. As for the CLI, `~` is the user's home, and the query contains settings.

    Raises:
        HostError: The address is not valid.
    """
    try:
        url_of_backend = urlsplit(url)
        if url_of_backend.scheme != "file":
            return None
        return Path(unquote(url_of_backend.netloc + url_of_backend.path)).expanduser() / ".pulumi"
    except (ValueError, RuntimeError) as exc:
        raise HostError(
            f"reading the address of the state backend: {VARIABLE} is '{url}', which is not valid ({exc}). Set it to "
            "e.g. 'file:///srv/state', or unset it to store states in MLW_HOME."
        ) from exc


def backend_id(url: str) -> str:
    """An id of a backend (12 hexadecimal digits) for folders and locks on this machine; never decides ownership.

    For a file backend, it depends only on the folder, not on the spelling of the address.
    """
    folder = backend_folder(url)
    place = str(folder.parent.resolve()) if folder else url.partition(f"&{_CHECKSUMS}")[0].rstrip("/")
    return hashlib.sha256(f"{place}\n".encode()).hexdigest()[:12]


def state_files(backend: Path | None, project: str) -> dict[str, Path]:
    """State files of a project's stacks, by stack; including compressed ones.

    Args:
        backend: Result of :func:`backend_folder`.
        project: Name of the project.
    """
    found = sorted((backend / "stacks" / project).glob("*.json*")) if backend else []
    return {path.name.partition(".json")[0]: path for path in found if path.name.endswith((".json", ".json.gz"))}
