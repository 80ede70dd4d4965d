"""The CA certificate from the stack's outputs, as a file for outside clients."""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


@cache
def _folder() -> Path:
    made = Path(tempfile.mkdtemp(prefix="ca-certificates-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def ca_file(outputs: Mapping[str, Any]) -> str | None:
    """Write the stack's CA certificate to a file; None for a stack without TLS."""
    certificate = str(outputs.get("certificateAuthority") or "")
    if not certificate:
        return None
    path = _folder() / f"{hashlib.sha256(certificate.encode()).hexdigest()[:16]}.pem"
    path.write_text(certificate)
    return str(path)


def without_ca_certificate(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The same outputs for a client that was not given the CA certificate."""
    return {key: value for key, value in outputs.items() if key != "certificateAuthority"}
