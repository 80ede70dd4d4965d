"""Identity labels: which stack of which state backend an object on the engine belongs to.

Labels carry identity only. A label change replaces a container, network or volume, so nothing that may change during
the life of a stack (a tag, a SKU) is ever written into one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from infra.host import state_backend

STACK = "ml-workspace.stack"
RESOURCE_ID = "ml-workspace.resource-id"
BACKEND = "ml-workspace.backend"


def backend_id(url: str | None = None) -> str:
    """Name the state backend in 12 hexadecimal digits, so that stacks of equal names in two backends stay apart.

    Args:
        url: The backend's address; `PULUMI_BACKEND_URL` when left out (empty when that is unset).
    """
    address = state_backend.address() if url is None else url
    return hashlib.sha256(address.encode()).hexdigest()[:12]


def identity(*, stack: str, resource_id: str) -> dict[str, str]:
    """Make the labels of one object."""
    return {STACK: stack, RESOURCE_ID: resource_id, BACKEND: backend_id()}


def belongs_to(labels: Mapping[str, str], *, stack: str, backend: str) -> bool:
    """Whether an object with these labels is the stack's own."""
    return labels.get(STACK) == stack and labels.get(BACKEND) == backend
