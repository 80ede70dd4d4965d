"""Postpones modules that Pulumi's SDK imports and no run of the project uses, until something does use one.

A run starts three processes with the SDK, one after the other: the policy pack, the program and the provider. Each
would spend a quarter of its start on the SDK's automation API and on dynamic providers, and an eighth on what gRPC and
protobuf have for other uses: the asynchronous API, and messages in pure Python.

The bootstrap copies this file into the Python environment, which calls :func:`postpone` before anything else. It
stands alone there: a process that imported the package `infra` so early would keep it, whichever project it is to run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

POSTPONED = frozenset({"google.protobuf.internal.python_message", "grpc.aio", "pulumi.automation", "pulumi.dynamic"})


class PostponingFinder:
    """Finds the postponed modules as Python does; the first use of an attribute loads them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Describe a postponed module; None for every other one."""
        if fullname not in POSTPONED:
            return None
        from importlib.util import LazyLoader  # noqa: PLC0415 - only in a process that imports the SDK

        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            spec.loader = LazyLoader(spec.loader)
        return spec


def postpone() -> None:
    """Postpone the modules from now on."""
    sys.meta_path.insert(0, PostponingFinder())
