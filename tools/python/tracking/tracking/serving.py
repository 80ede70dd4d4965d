"""The process: one event loop, started and stopped in order.

SIGTERM stops accepting connections, finishes the requests in flight and ends with 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator

import uvicorn

from .configuration import Configuration
from .http_messages import Application

_FINISH_SECONDS = 7
"""For requests in flight. The rest of the ten seconds that a stop may take is for the telemetry."""

_KEEP_ALIVE_SECONDS = 75
_log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """Ends with 0 after a signal, where uvicorn raises the signal again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        yield

    def _stop(self, number: int) -> None:
        _log.info("stopping", extra={"signal": signal.Signals(number).name})
        self.should_exit = True


def run(application: Application, configuration: Configuration) -> None:
    """Serve until a signal."""
    tls = configuration.tls
    settings = uvicorn.Config(
        application,
        host=configuration.host,
        port=configuration.port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_FINISH_SECONDS,
        ssl_certfile=str(tls.certificate) if tls else None,
        ssl_keyfile=str(tls.private_key) if tls else None,
    )
    _Server(settings).run()
