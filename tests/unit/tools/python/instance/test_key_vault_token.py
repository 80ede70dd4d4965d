"""The token of the key vault: renewed as long as possible, then a new login."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tools.python.instance.instance.key_vault_token import KeyVaultToken
from tools.python.instance.instance.user_access import KeyVaultLogin

PASSWORD = "pw"


class MadeUpVault(ThreadingHTTPServer):
    """Accepts one password, and renews as long as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.renews = True
        self.logins = 0
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: MadeUpVault

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(self.path)
        if self.path.endswith("renew-self"):
            ok = self.server.renews
        else:
            ok = body == {"password": PASSWORD}
            self.server.logins += ok
        self.send_response(200 if ok else 403)
        self.end_headers()
        self.wfile.write(json.dumps({"auth": {"client_token": f"t{self.server.logins}"}}).encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def vault() -> Iterator[MadeUpVault]:
    with MadeUpVault() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def login(vault: MadeUpVault, password: str = PASSWORD) -> KeyVaultLogin:
    return KeyVaultLogin(f"http://127.0.0.1:{vault.server_port}", "Ana", password)


def test_a_token_is_renewed_until_that_fails(vault: MadeUpVault) -> None:
    token = KeyVaultToken()

    assert token.keep(login(vault), is_new=False)
    assert token.keep(login(vault), is_new=False)
    assert (token.value, vault.logins) == ("t1", 1)
    vault.renews = False
    assert token.keep(login(vault), is_new=False)
    assert token.value == "t2"
    assert vault.asked[0] == "/v1/auth/userpass/login/ana", "users are in lower case"


def test_a_changed_password_is_a_new_login(vault: MadeUpVault) -> None:
    token = KeyVaultToken()
    token.keep(login(vault), is_new=False)

    token.keep(login(vault), is_new=True)

    assert token.value == "t2"


def test_a_refused_login_leaves_no_token_and_does_not_say_the_password(
    vault: MadeUpVault, caplog: pytest.LogCaptureFixture
) -> None:
    token = KeyVaultToken(value="old")

    assert not token.keep(login(vault, "wrong"), is_new=True)
    assert token.value == ""
    assert "403" in caplog.text
    assert "wrong" not in caplog.text
