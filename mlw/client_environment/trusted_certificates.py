"""The certificate authorities that clients on this machine trust without us."""

from __future__ import annotations

import os
import ssl
from pathlib import Path


def trusted_here(*, except_file: Path | None = None) -> str:
    """Certificates (PEM) that the user has chosen, or the system's.

    Args:
        except_file: A file of ours, which a variable may already name.
    """
    chosen = (os.environ.get(name) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    candidates = [Path(path) for path in (*chosen, ssl.get_default_verify_paths().cafile) if path]
    for path in candidates:
        if path != except_file and path.is_file():
            return path.read_text(encoding="utf-8", errors="replace").strip()
    import certifi  # noqa: PLC0415 - only where the system has no bundle

    return str(certifi.contents()).strip()
