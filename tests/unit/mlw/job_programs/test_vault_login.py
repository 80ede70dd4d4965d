"""The login of a deployment's container to the key vault, with a real process and a server in place of the vault."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mlw.job_programs.model_server import __main__ as program
from mlw.job_programs.model_server import vault_login
from mlw.job_programs.model_server.vault_login import LoginRefusedError, VaultLogin, first_token, keep
from tests.support.model_server_process import start

SHOW = "import os; print(os.environ.get('VAULT_TOKEN', 'none'))"


@dataclass
class Vault:
    """What it returns, by the end of the path, and what it was sent."""

    statuses: dict[str, list[int]] = field(default_factory=dict)
    requests: list[tuple[str, Any, str | None]] = field(default_factory=list)
    address: str = ""

    def login(self) -> VaultLogin:
        return VaultLogin(address=self.address, username="scorer", password="right")


@contextmanager
def serving(vault: Vault) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            vault.requests.append((self.path, body, self.headers.get("X-Vault-Token")))
            kind = "login" if "login" in self.path else "renew"
            waiting = vault.statuses.get(kind) or [200]
            status = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"auth": {"client_token": f"token-{len(vault.requests)}"}}).encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        vault.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def vault() -> Iterator[Vault]:
    made = Vault()
    with serving(made):
        yield made


def identity(folder: Path, vault: Vault) -> None:
    given = {"address": vault.address, "username": "scorer", "password": "right", "ca_certificate": ""}
    (folder / "identity.json").write_text(json.dumps(given), encoding="utf-8")


def test_the_server_has_a_token_of_a_login_of_its_own(tmp_path: Path, vault: Vault) -> None:
    identity(tmp_path, vault)

    with start(tmp_path, ["-c", SHOW]) as process:
        said, _ = process.communicate(timeout=20)

    assert said == "token-1\n"
    assert vault.requests == [("/v1/auth/userpass/login/scorer", {"password": "right"}, None)]


def test_without_an_identity_there_is_no_token(tmp_path: Path) -> None:
    with start(tmp_path, ["-c", SHOW]) as process:
        assert process.communicate(timeout=20)[0] == "none\n"


def test_a_refused_login_is_said_and_the_server_starts_without(tmp_path: Path, vault: Vault) -> None:
    vault.statuses["login"] = [400]
    identity(tmp_path, vault)

    with start(tmp_path, ["-c", SHOW]) as process:
        said, _ = process.communicate(timeout=20)

    assert "refuses the login of 'scorer' (status 400): its credentials were replaced." in said
    assert said.endswith("none\n")


def test_a_sealed_vault_is_waited_for(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_login, "_POLL_SECONDS", 0.01)
    vault.statuses["login"] = [503, 503, 200]

    assert first_token(vault.login()) == "token-3"


def test_a_vault_that_stays_sealed_is_said(vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    vault.statuses["login"] = [503]

    assert first_token(vault.login(), 0) == ""
    assert "does not respond (status 503); the server starts without VAULT_TOKEN." in capsys.readouterr().err


def kept(vault: Vault) -> tuple[threading.Event, threading.Event, threading.Thread]:
    done, lost = threading.Event(), threading.Event()
    thread = threading.Thread(target=keep, args=(vault.login(), "mine", done, lost, 0.01))
    thread.start()
    return done, lost, thread


def test_a_token_is_extended_also_after_a_failure(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_login, "RETRY_SECONDS", 0.01)
    vault.statuses["renew"] = [200, 503, 200]
    done, lost, thread = kept(vault)
    while len(vault.requests) < 5:
        assert thread.is_alive()
    done.set()
    thread.join(20)

    assert {one[0::2] for one in vault.requests} == {("/v1/auth/token/renew-self", "mine")}
    assert not lost.is_set()


@pytest.mark.parametrize(("login", "is_lost"), [(200, True), (400, False)], ids=["valid", "replaced"])
def test_a_lost_token_ends_the_server_only_if_there_is_another(vault: Vault, login: int, *, is_lost: bool) -> None:
    vault.statuses |= {"renew": [403], "login": [login]}
    _, lost, thread = kept(vault)
    thread.join(20)

    assert lost.is_set() == is_lost


def test_a_server_whose_login_is_lost_is_ended(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["program", str(tmp_path)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(keep, "__defaults__", (0.01,))
    vault.statuses["renew"] = [403]
    identity(tmp_path, vault)
    liveness = {"period": 60, "initial_delay": 60, "timeout": 1, "failure_threshold": 2}
    serving_file = {
        "liveness": liveness,
        "module": "json",
        "package": "",
        "arguments": ["-c", "import time; time.sleep(60)"],
    }
    (tmp_path / "serving.json").write_text(json.dumps(serving_file), encoding="utf-8")
    (tmp_path / "variables.json").write_text("{}", encoding="utf-8")

    assert program.main() == 1
    assert "is started again with a new one" in capsys.readouterr().err


def test_a_vault_that_does_not_speak_http_does_not_respond(vault: Vault) -> None:
    with pytest.raises(OSError, match="refused"):
        VaultLogin(address="http://127.0.0.1:1", username="scorer", password="x").log_in()
    vault.statuses["renew"] = [403]
    with pytest.raises(LoginRefusedError, match="403"):
        vault.login().extend("token")
