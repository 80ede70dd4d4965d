"""The plugin process: serves the engine on a free port, which it prints as its first line of output."""

from __future__ import annotations

import gc
import os
import signal
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server

from infra.provider.server import ProviderServer

WORKERS = 64
"""Concurrent calls, as many as `make env` lets the engine make; most of them wait for a service."""

MAX_MESSAGE_BYTES = 400 * 1024 * 1024
"""The engine's own limit."""


def _server() -> grpc.Server:
    """Create the server. It stops when the last reference to it is dropped."""
    options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(WORKERS), options=options)
    add_ResourceProviderServicer_to_server(ProviderServer(), server)
    return server


def _end(*_: object) -> None:
    """Exit immediately: there is nothing to clean up, and the engine waits for the exit."""
    os._exit(0)


def _wait_for_the_engine_to_end() -> None:
    """Return when the engine has ended: a killed engine sends no signal, but its end of our input pipe closes."""
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        sys.stdin.buffer.read()
    else:
        Event().wait()


def main() -> None:
    """Serve until the engine sends a signal or ends."""
    # A run takes seconds, and most objects are modules, which are never freed: garbage collection wastes time.
    gc.disable()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, _end)
    server = _server()
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    _wait_for_the_engine_to_end()
    _end()
