"""Progress of a silent command: one line on a terminal, plain lines at a low rate elsewhere, nothing if it is quick."""

import io
import threading
from collections.abc import Iterator

import pytest

from mlw import command_progress
from mlw.archive.copy_progress import counted
from tests.support.probes import probe_until


class Stream(io.StringIO):
    """Standard error, a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds as milliseconds."""
    for name in ("QUIET_SECONDS", "REFRESH_SECONDS", "PLAIN_SECONDS"):
        monkeypatch.setattr(command_progress, name, getattr(command_progress, name) / 1000)


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, lines: int) -> str:
    stream = Stream(terminal=terminal)
    monkeypatch.setattr("sys.stderr", stream)

    def enough() -> None:
        assert stream.getvalue().count("collecting") >= lines

    with command_progress.showing("collecting garbage"):
        probe_until(enough, what="lines of progress")
    return stream.getvalue()


@pytest.mark.usefixtures("quick")
def test_a_terminal_has_one_line_that_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, terminal=True, lines=2)

    assert text.startswith("\r\x1b[Kcollecting garbage ... 0 s\r\r\x1b[Kcollecting")
    assert text.endswith("\r\x1b[K")
    assert "\n" not in text


@pytest.mark.usefixtures("quick")
def test_a_log_has_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, terminal=False, lines=2)

    assert set(text.splitlines()) == {"collecting garbage ... 0 s"}


def test_a_quick_command_shows_none_and_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(terminal=True)
    monkeypatch.setattr("sys.stderr", stream)
    before = threading.active_count()

    with command_progress.showing("collecting garbage"):
        pass

    assert (stream.getvalue(), threading.active_count()) == ("", before)


def test_a_closed_terminal_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(terminal=True)
    stream.close()
    monkeypatch.setattr("sys.stderr", stream)

    with command_progress.showing("collecting garbage"):
        pass


def test_a_copy_says_how_much_it_was_so_far(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_progress, "PLAIN_SECONDS", 0.0)

    def chunks() -> Iterator[bytes]:
        yield b"x" * 2**20
        yield b"y" * 2**19

    assert b"".join(counted(chunks(), "volume 1 of 2")) == b"x" * 2**20 + b"y" * 2**19
    assert capsys.readouterr().err.splitlines() == [
        "  volume 1 of 2: 1.0 MiB so far",
        "  volume 1 of 2: 1.5 MiB so far",
    ]
