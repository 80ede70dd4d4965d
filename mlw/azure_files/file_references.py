"""Values that refer to files: which are local, and where they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

FILE = "file:"
_SCHEME = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:")
_BINDING = re.compile(r"\$\{\{.*\}\}", re.DOTALL)


def is_local(value: object) -> bool:
    """Whether a value is a path of this machine: not a URI, an asset, or a binding."""
    return isinstance(value, str) and not _SCHEME.match(value) and not _BINDING.search(value)


def absolute(value: str, folder: Path) -> Path:
    """The file that a path in a file of this folder stands for."""
    path = Path(re.sub(r"^file:(//)?", "", value)).expanduser()
    return Path(_normal(folder / path))


def _normal(path: Path) -> str:
    import os.path  # noqa: PLC0415 - `Path.resolve` would follow links, and messages show the user's own path

    return os.path.abspath(path)  # noqa: PTH100


def bare(value: Any) -> Any:  # noqa: ANN401 - whatever the file has
    """A name without Azure's prefix."""
    return value.removeprefix("azureml:") if isinstance(value, str) else value
