"""What is known of a local endpoint: its texts, and the files that its deployments were made from.

In a private file of the home, which goes with the stack; the workspace has no record of local endpoints.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.host import atomic_files


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalEndpoint:
    """One local endpoint.

    Attributes:
        deployments: Name of a deployment to its file, normalised.
    """

    name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    deployments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read(path: Path) -> LocalEndpoint | None:
    """Read the file of an endpoint; None if there is none."""
    try:
        return LocalEndpoint(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None


def write(path: Path, endpoint: LocalEndpoint) -> None:
    """Write the file of an endpoint, whether there was one or not."""
    atomic_files.write(path, json.dumps(asdict(endpoint)))
