"""The plugin process: serves the engine on a free port, which it prints as its first line of output."""

from __future__ import annotations

import gc
import os
import select
import signal
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server

from infra.provider.server import ProviderServer

WORKERS = 64
"""Concurrent calls, as many as `make env` lets the engine make; most of them wait for a service."""

READ_BYTES = 4096
"""Of the input, which the engine leaves empty."""

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
    """Return when the engine has ended, or has sent a signal.

    A killed engine sends no signal, but its end of our input pipe closes. A signal that comes just before a blocking
    call does not end the call, and Python's handler waits for it; so the signal is a byte in a pipe as well.
    """
    received, written = os.pipe()
    os.set_blocking(written, False)
    signal.set_wakeup_fd(written)
    sources = [received]
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        sources.append(0)
    while True:
        ready, _, _ = select.select(sources, [], [])
        if received in ready or not os.read(0, READ_BYTES):
            return


def main() -> None:
    """Serve until the engine sends a signal or ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    # A run takes seconds, and most objects are modules, which are never freed: garbage collection wastes time.
    gc.disable()
    server = _server()
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    _wait_for_the_engine_to_end()
    _end()
