import io
import json
import os
import subprocess
import sys

import pytest

from infra.host import folders, streams
from mlw.output import to_json

TEXT = "Größe 試 🚀 \udcff"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_text_can_be_written(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, errors="strict"))

    streams.accept_any_text()
    print(TEXT, flush=True)

    assert raw.getvalue() == f"{TEXT}\n".encode(encoding, errors="backslashreplace")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_stays_valid_without_unsupported_characters(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))

    assert json.loads(to_json({"tag": TEXT}).encode(encoding)) == {"tag": TEXT}


def test_a_stream_of_another_kind_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    streams.accept_any_text()
    assert streams.can_write(TEXT[:5])


@pytest.mark.parametrize(
    "command",
    [["-m", "mlw", "policy", "explain", "試"], ["-m", "mlw.lifecycle", "status", "--stack", "試"]],
    ids=["mlw", "mlw.lifecycle"],
)
def test_no_command_fails_on_text(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folders.repo(),
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Traceback" not in done.stderr
    assert r"\u8a66" in done.stderr
