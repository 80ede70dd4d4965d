"""The command line of `mlw studio`, and what it needs."""

import builtins
import socket
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.request import url2pathname

import pytest

from infra.host import npm_packages
from mlw.main import main
from mlw.studio import serve
from tests.unit.states import Place


@pytest.fixture
def served(place: Place, assets: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Addresses that were listened on; nothing is served."""
    place.deploy("churn")
    found: list[tuple[str, int]] = []
    monkeypatch.setattr(npm_packages, "ensure", lambda _wanted: assets)

    def connect(_application: object, listener: socket.socket) -> None:
        found.append(listener.getsockname())
        with socket.create_connection(found[-1], timeout=10):
            pass  # the printed link works at once

    monkeypatch.setattr(serve, "_serve", connect)
    return found


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that is in use."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_it_listens_on_the_loopback_address_and_prints_the_link(
    served: list[tuple[str, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["studio", "--no-browser"]) == 0

    ((address, port),) = served
    assert address == "127.0.0.1"
    assert f"Studio: http://127.0.0.1:{port}/login/" in capsys.readouterr().out


def test_a_taken_port_is_replaced_unless_it_was_asked_for(
    served: list[tuple[str, int]], busy: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "PORT", busy)

    assert main(["studio", "--no-browser"]) == 0
    assert served[0][1] != busy
    assert main(["studio", "--no-browser", "--port", str(busy)]) == 1
    assert f"port {busy} of 127.0.0.1 is in use. Choose another one" in capsys.readouterr().err


def test_an_unknown_stack_is_rejected_at_once(
    served: list[tuple[str, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["studio", "chrun", "--no-browser"]) == 1
    assert "Did you mean 'churn'?" in capsys.readouterr().err
    assert served == []


def test_a_principal_needs_a_stack(served: list[tuple[str, int]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["studio", "--principal", "dora"]) == 2
    assert "--principal needs a STACK" in capsys.readouterr().err


def test_missing_packages_are_named_with_the_command_that_installs_them(
    served: list[tuple[str, int]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> ModuleType:  # noqa: ANN401 - Python's own
        if name == "uvicorn":
            raise ImportError(name=name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)

    assert main(["studio", "--no-browser"]) == 1
    assert "'uvicorn' is not installed. Run: pip install 'ml-workspace[studio]'" in capsys.readouterr().err


def test_the_token_is_in_no_argument_of_the_browser(
    served: list[tuple[str, int]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[tuple[str, str, int]] = []

    def browse(url: str) -> bool:
        path = Path(url2pathname(url.removeprefix("file://")))
        pages.append((url, path.read_text(encoding="utf-8"), path.parent.stat().st_mode & 0o777))
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.BackgroundBrowser("firefox"))

    assert main(["studio"]) == 0
    link = capsys.readouterr().out.split()[1]
    ((url, content, mode),) = pages
    assert link.rpartition("/")[2] not in url
    assert link in content
    assert mode == 0o700
    assert not Path(url2pathname(url.removeprefix("file://"))).exists()


@pytest.mark.parametrize("found", [webbrowser.GenericBrowser("lynx"), None], ids=["in the terminal", "none"])
def test_only_a_browser_with_a_window_is_opened(
    served: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, found: webbrowser.BaseBrowser | None
) -> None:
    def get() -> webbrowser.BaseBrowser:
        if found is None:
            raise webbrowser.Error
        return found

    monkeypatch.setattr(webbrowser, "get", get)
    monkeypatch.setattr(webbrowser, "open", lambda _url: pytest.fail("a browser was started"))

    assert main(["studio"]) == 0
