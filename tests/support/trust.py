"""What an outside client trusts: the authority among the stack's outputs, as the file that client libraries take."""

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
    made = Path(tempfile.mkdtemp(prefix="authorities-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def authority_file(outputs: Mapping[str, Any]) -> str | None:
    """Write the stack's authority to a file; None for a stack without TLS."""
    authority = str(outputs.get("certificateAuthority") or "")
    if not authority:
        return None
    path = _folder() / f"{hashlib.sha256(authority.encode()).hexdigest()[:16]}.pem"
    path.write_text(authority)
    return str(path)


def untrusting(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The same outputs for a client that was not given the authority."""
    return {key: value for key, value in outputs.items() if key != "certificateAuthority"}
