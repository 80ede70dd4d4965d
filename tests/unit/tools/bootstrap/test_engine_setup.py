import hashlib
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import HostError
from infra.host import engine_address
from infra.host.engine_address import Answer, Health
from tools.bootstrap import engine_process, engine_setup, system_packages
from tools.bootstrap.bootstrap_errors import BootstrapError


@pytest.fixture
def socket_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The path of the engine's socket, which does not exist yet.

    Not in pytest's own folder: the system rejects socket paths longer than 107 characters.
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = Path(folder, "docker.sock")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        yield path


@pytest.fixture
def answer_with(socket_path: Path) -> Iterator[list[bytes]]:
    """An engine that responds to one request with the contents of the list, or not at all."""
    replies: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                for reply in replies:
                    connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield replies
        thread.join()


def test_an_engine_that_answers_is_ready(answer_with: list[bytes]) -> None:
    answer_with.append(b"HTTP/1.0 200 OK\r\n\r\nOK")
    assert engine_address.ask().health is Health.READY


def test_another_answer_is_quoted(answer_with: list[bytes]) -> None:
    answer_with.append(b"HTTP/1.0 500 Internal\r\n\r\n")
    answer = engine_address.ask()
    assert answer.health is Health.SILENT
    assert "500 Internal" in answer.detail


@pytest.mark.usefixtures("socket_path")
def test_without_a_socket_nobody_is_there() -> None:
    assert engine_address.ask().health is Health.ABSENT


def test_a_socket_that_a_killed_engine_left_counts_as_nobody(socket_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
    assert engine_address.ask().health is Health.ABSENT


def test_an_engine_that_hangs_is_given_up_on(socket_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        listener.listen()
        answer = engine_address.ask(timeout=0.05)
    assert answer == Answer(Health.SILENT, f"no answer at {socket_path} (timed out)")


def test_without_docker_host_the_local_socket_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert engine_address.is_local_default()
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    assert engine_address.is_local_default()
    monkeypatch.setenv("DOCKER_HOST", "tcp://lab:2375")
    assert not engine_address.is_local_default()


@pytest.mark.parametrize(
    ("health", "host", "advice"),
    [
        (Health.FORBIDDEN, "", "usermod -aG docker"),
        (Health.ABSENT, "", "systemctl start docker"),
        (Health.SILENT, "", "hangs: restart it"),
        (Health.SILENT, "tcp://lab:2375", "tcp://lab:2375: .* set DOCKER_HOST or Docker's context"),
    ],
    ids=["not permitted", "not running", "hanging", "a remote engine"],
)
def test_one_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], health: Health, host: str, advice: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    monkeypatch.setattr(engine_setup, "ask", lambda: Answer(health, "as found"))
    monkeypatch.setattr(engine_setup, "SYSTEMD", Path("/nowhere"))
    monkeypatch.setattr(engine_process, "may_start", lambda: False)
    with pytest.raises(BootstrapError, match=advice) as caught:
        engine_setup.ensure(lines.append)
    assert "\n" not in str(caught.value)


def test_without_docker_and_without_rights_the_message_names_the_packages(
    monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engine_setup, "ask", lambda: Answer(Health.ABSENT))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BootstrapError, match=r"Docker is not installed.*apt-get install docker\.io iptables"):
        engine_setup.ensure(lines.append)


def test_root_on_debian_gets_the_engine_installed_and_started(
    monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    installed: list[str] = []
    started: list[bool] = []
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engine_setup, "ask", lambda: Answer(Health.ABSENT))
    monkeypatch.setattr(engine_setup, "SYSTEMD", Path("/nowhere"))
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/docker" if installed and name == "docker" else None)
    monkeypatch.setattr(system_packages, "can_install", lambda: True)
    monkeypatch.setattr(system_packages, "install", lambda packages, **_: installed.extend(packages))
    monkeypatch.setattr(engine_process, "may_start", lambda: True)
    monkeypatch.setattr(engine_process, "is_running", lambda: False)
    monkeypatch.setattr(engine_process, "start", lambda: started.append(True))
    assert engine_setup.ensure(lines.append) == "started"
    assert installed == ["docker.io", "iptables", "ca-certificates"]
    assert started == [True]


def test_a_running_engine_without_its_client_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    monkeypatch.setattr(engine_setup, "ask", lambda: Answer(Health.READY))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BootstrapError, match=r"the command 'docker', is not installed.*apt-get install docker-cli"):
        engine_setup.ensure(lines.append)


def test_a_running_engine_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    monkeypatch.setattr(engine_setup, "ask", lambda: Answer(Health.READY))
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/docker")
    assert engine_setup.ensure(lines.append) == "running"
    assert lines == []


@pytest.fixture
def docker_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of Docker's client, with a context 'rootless' that is not selected yet."""
    for variable in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    about = tmp_path / "contexts" / "meta" / hashlib.sha256(b"rootless").hexdigest() / "meta.json"
    about.parent.mkdir(parents=True)
    about.write_text('{"Name": "rootless", "Endpoints": {"docker": {"Host": "unix:///run/user/7/docker.sock"}}}')
    return tmp_path


def test_the_engine_of_the_current_context_is_meant(docker_folder: Path) -> None:
    (docker_folder / "config.json").write_text('{"currentContext": "rootless"}')
    assert engine_address.address() == "unix:///run/user/7/docker.sock"
    assert not engine_address.is_local_default()


@pytest.mark.usefixtures("docker_folder")
def test_the_context_of_the_environment_is_meant_and_an_address_outdoes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "rootless")
    assert engine_address.address() == "unix:///run/user/7/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", "tcp://lab:2375")
    assert engine_address.address() == "tcp://lab:2375"


@pytest.mark.parametrize("text", [None, "{", "[]", "{}", '{"currentContext": "default"}'])
def test_without_a_chosen_context_the_local_socket_is_meant(docker_folder: Path, text: str | None) -> None:
    if text is not None:
        (docker_folder / "config.json").write_text(text)
    assert engine_address.is_local_default()


@pytest.mark.usefixtures("docker_folder")
def test_a_context_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    with pytest.raises(HostError, match=r"context 'gone' cannot be read.*unset DOCKER_CONTEXT"):
        engine_address.address()


def test_an_engine_on_its_way_up_is_waited_for_and_no_second_one_started(
    monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    found = iter([Answer(Health.ABSENT), Answer(Health.ABSENT), Answer(Health.ABSENT), Answer(Health.READY)])
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    for module in (engine_setup, engine_process):
        monkeypatch.setattr(module, "ask", lambda **_: next(found))
    monkeypatch.setattr(engine_setup, "SYSTEMD", Path("/nowhere"))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(engine_process, "may_start", lambda: True)
    monkeypatch.setattr(engine_process, "is_running", lambda: True)
    monkeypatch.setattr(engine_process, "start", lambda: pytest.fail("a second engine was started"))
    assert engine_setup.ensure(lines.append) == "started"
    assert lines == ["waiting for dockerd, which is starting"]
