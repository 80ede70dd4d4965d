"""Makes the engine start the providers while the program is still being imported.

The engine starts a provider when the program first needs it. That is after the whole program has run, and the two
providers start one after the other, which costs each `pulumi up` 0.25 s on a machine with an idle core. Calling a
function that a provider does not have only starts it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import metadata

import grpc
import pulumi
from pulumi.runtime.proto import resource_pb2

from infra.resources.resource import DOCKER_PACKAGE, PACKAGE

PROVIDERS = {PACKAGE: "", "docker": DOCKER_PACKAGE}
"""Name of each provider, and the package whose version its resources name; the project's own resources name none.

The engine starts one after the other: first the one that takes longer and is needed first.
"""


Invoke = Callable[[resource_pb2.ResourceInvokeRequest], object]
"""Calls a function of a provider through the engine, and waits for it."""


def start_providers(invoke: Invoke) -> None:
    """Start the providers in the background. Nothing waits for them; the first resource reports a failure."""
    for name, package in PROVIDERS.items():
        request = resource_pb2.ResourceInvokeRequest(
            # The same version as the resources': the engine starts one provider for each requested version.
            tok=f"{name}:index:start",
            version=metadata.version(package) if package else "",
        )
        threading.Thread(target=_ask, args=(invoke, request), name=f"start {name}", daemon=True).start()


def _ask(invoke: Invoke, request: resource_pb2.ResourceInvokeRequest) -> None:
    try:
        invoke(request)
    except grpc.RpcError as exc:
        pulumi.log.debug(f"started for '{request.tok}': {exc}")
