"""Attached engines: their notes, and what is said when they do not respond."""

import os
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from infra.clients.engine import attached_engine, ssh_tunnel
from infra.clients.engine.attached_engine import AttachedEngine
from infra.clients.engine.ssh_tunnel import SshTunnel
from infra.errors import EngineUnreachableError, HostError
from infra.rules.computes import engine_addresses

LAB = AttachedEngine(compute="lab", address="unix:///nowhere/x.sock", ports=(1, 2), stack_id="id")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLW_HOME", str(tmp_path))
    monkeypatch.setattr(attached_engine, "_written", set())
    return tmp_path


@pytest.mark.usefixtures("home")
def test_notes_are_kept_until_an_engine_was_looked_through() -> None:
    other = AttachedEngine(compute="lab", address="unix:///elsewhere.sock", stack_id="id")
    for engine in (LAB, other, LAB):
        attached_engine._note(engine)

    assert attached_engine.noted("id") == [LAB, other]
    other.forget()
    assert attached_engine.noted("id") == [LAB]
    assert attached_engine.noted("another") == []


@pytest.mark.usefixtures("home")
def test_an_engine_that_does_not_respond_keeps_its_note_and_is_named() -> None:
    attached_engine._note(LAB)
    heard: list[str] = []

    assert attached_engine.remove_from_all("id", heard.append) == [LAB]

    assert "'unix:///nowhere/x.sock' of compute 'lab': nothing listens" in heard[0]
    assert "was not looked for. `docker -H unix:///nowhere/x.sock ps -a --filter label=ml-workspace.id=id`" in heard[0]
    assert attached_engine.noted("id") == [LAB]


def test_nothing_is_noted_before_an_engine_has_responded(home: Path) -> None:
    with pytest.raises(EngineUnreachableError, match="of compute 'lab'"), LAB.connect():
        pass

    assert list(home.iterdir()) == []


def test_a_tunnel_without_a_connection_quotes_the_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    monkeypatch.setenv("MLW_SSH_CONFIG", str(config))
    tunnel = SshTunnel(engine_addresses.parse("ssh://lab"), owner=str(tmp_path))

    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        config.write_text(f"Host lab\n  HostName 127.0.0.1\n  Port {nobody_listens.getsockname()[1]}\n")
        with pytest.raises(EngineUnreachableError, match=r"ssh: .*Connection refused"):
            tunnel.open()
    tunnel.remove()


@pytest.mark.parametrize("verb", ["close", "remove"])
def test_a_tunnel_that_is_used_is_not_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended: list[str] = []
    monkeypatch.setattr(SshTunnel, "open", lambda _: "socket")
    monkeypatch.setattr(SshTunnel, "_end", lambda *_: ended.append("ended"))
    tunnel = SshTunnel(engine_addresses.parse("ssh://lab"))
    using, seen = ExitStack(), list[list[str]]()

    def leave(_seconds: float) -> None:
        seen.append(list(ended))
        using.close()

    monkeypatch.setattr("infra.host.file_locks.time.sleep", leave)
    assert [using.enter_context(tunnel.used()) for _ in range(2)] == ["socket", "socket"]
    getattr(tunnel, verb)()

    assert (seen, ended) == ([[]], ["ended"])


@pytest.mark.parametrize(("verb", "then"), [("close", []), ("remove", ["ended"])])
def test_a_tunnel_that_stays_in_use_is_ended_only_for_good(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str, then: list[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ssh_tunnel, "USE_SECONDS", 0.0)
    ended: list[str] = []
    monkeypatch.setattr(SshTunnel, "open", lambda _: "socket")
    monkeypatch.setattr(SshTunnel, "_end", lambda *_: ended.append("ended"))
    tunnel = SshTunnel(engine_addresses.parse("ssh://lab"))

    with tunnel.used():
        getattr(tunnel, verb)()

    assert ended == then


def test_a_folder_of_somebody_else_is_no_place_for_a_tunnel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    tunnel = SshTunnel(engine_addresses.parse("ssh://lab"))
    (tmp_path / f"mlw-{os.getuid()}").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(HostError, match="not a folder that only you can use"):
        tunnel.open()
