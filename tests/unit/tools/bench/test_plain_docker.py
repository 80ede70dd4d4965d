"""When plain docker's containers count as ready: after a byte or a handshake, not with an open port."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.clients.tls import certificate_authority
from mlw.lifecycle.lifecycle_errors import OperationFailedError
from tests.support.tls_server import https_server
from tools.bench import plain_docker


@contextmanager
def server(treat: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve connections one by one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    treat(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_port_that_sends_a_byte_is_ready() -> None:
    with server(lambda connection: connection.sendall(b"x")) as port:
        plain_docker.wait_for_answer(port, timeout_seconds=5)


def test_a_port_that_only_hangs_up_is_not_ready() -> None:
    with (
        server(lambda _: None) as port,
        pytest.raises(OperationFailedError, match=f"nothing answered on port {port}"),
    ):
        plain_docker.wait_for_answer(port, timeout_seconds=0.3)


def test_a_port_that_speaks_nothing_but_tls_is_ready(tmp_path: Path) -> None:
    authority = certificate_authority.make_authority("rg-test", domain="rg-test")
    with https_server(certificate_authority.issue(authority, name="st", domain="rg-test"), tmp_path) as url:
        plain_docker.wait_for_answer(int(url.rpartition(":")[2]), timeout_seconds=5)
