import hashlib
import http.server
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.bootstrap import downloads
from tools.bootstrap.bootstrap_errors import UnavailableError

CONTENT = b"archive" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves one file, one document, one interrupted transfer, and nothing else."""

    def do_GET(self) -> None:
        if self.path not in {"/file", "/document", "/broken"}:
            self.send_error(404)
            return
        body = b'{"assets": []}' if self.path == "/document" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/broken" else body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


@pytest.fixture
def mute_server() -> Iterator[str]:
    """Accepts connections and never responds, as some closed networks do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_file_with_the_right_hash_is_kept(server: str, tmp_path: Path) -> None:
    target = tmp_path / "archive"
    downloads.fetch(f"{server}/file", target, sha256=DIGEST)
    assert target.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("path", "sha256", "message"),
    [
        ("/file", "0" * 64, f"has the SHA-256 {DIGEST}, expected 000"),
        ("/missing", DIGEST, "HTTP status 404"),
        ("/broken", DIGEST, "has the SHA-256 .* expected"),
    ],
    ids=["another hash", "no such file", "a transfer that breaks off"],
)
def test_nothing_is_kept_of_what_is_not_right(
    server: str, tmp_path: Path, path: str, sha256: str, message: str
) -> None:
    with pytest.raises(UnavailableError, match=message):
        downloads.fetch(server + path, tmp_path / "archive", sha256=sha256)
    assert list(tmp_path.iterdir()) == []


def test_a_complete_file_of_an_earlier_run_is_not_asked_for_again(tmp_path: Path) -> None:
    target = tmp_path / "archive"
    target.write_bytes(CONTENT)
    downloads.fetch("http://127.0.0.1:9/file", target, sha256=DIGEST)
    assert target.read_bytes() == CONTENT


def test_a_document_is_read(server: str) -> None:
    assert downloads.read_json(f"{server}/document") == {"assets": []}


def test_what_is_no_document_is_refused(server: str) -> None:
    with pytest.raises(UnavailableError, match="not a valid document"):
        downloads.read_json(f"{server}/file")


def test_a_host_that_never_answers_is_given_up_on_in_time(
    mute_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "CONTACT_SECONDS", 0.05)
    with pytest.raises(UnavailableError, match="no response within"):
        downloads.fetch(f"{mute_server}/file", tmp_path / "archive", sha256=DIGEST)


def test_a_host_that_did_not_answer_is_not_asked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match="Connection refused"):
        downloads.fetch("http://127.0.0.1:9/file", tmp_path / "archive", sha256=DIGEST)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("asked again"))
    with pytest.raises(UnavailableError, match=r"^127\.0\.0\.1:9 cannot be reached$"):
        downloads.fetch("http://127.0.0.1:9/other", tmp_path / "archive", sha256=DIGEST)
