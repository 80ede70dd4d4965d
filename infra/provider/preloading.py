"""Loads the services' client libraries while a new stack's volumes and containers are created.

Each would otherwise be loaded by the first resource that needs it, on which the whole run waits. A run that creates
nothing needs none of them.
"""

from __future__ import annotations

import contextlib
import threading
from functools import cache
from importlib import import_module

LIBRARIES = ("docker", "hvac", "minio")
"""In the order in which a new stack needs them."""


@cache
def begin() -> threading.Thread:
    """Load the libraries in the background, once. Nothing waits for it, and its failures are those of the first use."""
    loading = threading.Thread(target=_load, name="preloading", daemon=True)
    loading.start()
    return loading


def _load() -> None:
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            import_module(name)
