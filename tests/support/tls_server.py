"""A small HTTPS server, to test how a client handles certificates."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.clients.tls.certificate_authority import KeyPair


class _Empty(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Ignore clients that reject the certificate and hang up; tests expect that."""


@contextmanager
def https_server(certificate: KeyPair, folder: Path) -> Iterator[str]:
    """Serve 204 for every GET and PUT; yields the base URL."""
    chain = folder / "server.pem"
    chain.touch(mode=0o600)
    chain.write_text(certificate.certificate + certificate.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with _Quiet(("127.0.0.1", 0), _Empty) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
