"""The operations that a principal tries in each service, each as one real request with its preparation.

Every attempt prepares what it touches with the stack's own credentials, under a unique name, so that attempts don't
depend on one another.
"""

from collections import Counter
from collections.abc import Mapping

from tests.support.role_attempts.key_vault import FORBIDDEN_IN_KEY_VAULT, KEY_VAULT
from tests.support.role_attempts.registry import FORBIDDEN_IN_REGISTRY, REGISTRY, TELEMETRY
from tests.support.role_attempts.scene import Admin, Attempt, Scene
from tests.support.role_attempts.storage import FORBIDDEN_IN_STORAGE, STORAGE

__all__ = [
    "Admin", "Attempt", "Scene", "ATTEMPTS", "FORBIDDEN", "DOORS", "WRITES", "KEY_VAULT", "STORAGE", "REGISTRY",
    "TELEMETRY",
]  # fmt: skip


def _together(*services: Mapping[str, Attempt]) -> dict[str, Attempt]:
    """Merge the attempts of several services into one table; two with the same name are an error."""
    twice = [does for does, count in Counter(does for service in services for does in service).items() if count > 1]
    assert not twice, f"more than one attempt is called {twice}"
    return {does: attempt for service in services for does, attempt in service.items()}


ATTEMPTS = _together(KEY_VAULT, STORAGE, REGISTRY, TELEMETRY)
"""What some role allows."""

FORBIDDEN = _together(FORBIDDEN_IN_KEY_VAULT, FORBIDDEN_IN_STORAGE, FORBIDDEN_IN_REGISTRY)
"""What no role allows."""

DOORS: dict[str, Attempt] = {
    "key vault": KEY_VAULT["reads own credentials"],
    "storage account": STORAGE["reads an artifact"],
    "container registry": REGISTRY["pulls where images are pushed"],
    "container registry (pull only)": REGISTRY["pulls an image"],
    "application insights (gRPC)": TELEMETRY["sends telemetry over gRPC"],
    "application insights (HTTP)": TELEMETRY["sends telemetry over HTTP"],
    "application insights (queries)": TELEMETRY["queries telemetry"],
}
"""For each endpoint something that a data scientist may do there."""

WRITES: dict[str, Attempt] = {
    "key vault": KEY_VAULT["writes a secret"],
    "storage account": STORAGE["writes a blob"],
    "container registry": REGISTRY["pushes an image"],
    "application insights": TELEMETRY["sends telemetry over HTTP"],
}
"""What a data scientist may do and a reader may not."""
