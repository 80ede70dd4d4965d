"""Has the engine start the providers while the program is still being imported.

The engine starts a provider when the program first needs it. That is after all of the program has run, and the two of
them start one after the other: a quarter of a second of each `pulumi up`, on a machine with a core to spare. So each is
asked for a function that it does not have, which does nothing but start it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import metadata

import grpc
import pulumi
from pulumi.runtime.proto import resource_pb2

from infra.resources.resource import PACKAGE

PROVIDERS = {PACKAGE: "", "docker": "pulumi-docker"}
"""Name of each provider, and the package whose version its resources name; those of the project's own name none.

The engine starts one after the other: first the one that takes longer, and is needed first.
"""


Invoke = Callable[[resource_pb2.ResourceInvokeRequest], object]
"""Calls a function of a provider through the engine, and waits for it."""


def start_providers(invoke: Invoke) -> None:
    """Begin to start them; returns at once. Nothing waits for it, and what fails is told by the first resource."""
    for name, package in PROVIDERS.items():
        request = resource_pb2.ResourceInvokeRequest(
            # The same version as the resources': the engine has a provider for each version that is asked for.
            tok=f"{name}:index:start",
            version=metadata.version(package) if package else "",
        )
        threading.Thread(target=_ask, args=(invoke, request), name=f"start {name}", daemon=True).start()


def _ask(invoke: Invoke, request: resource_pb2.ResourceInvokeRequest) -> None:
    try:
        invoke(request)
    except grpc.RpcError as exc:
        pulumi.log.debug(f"started for '{request.tok}': {exc}")
