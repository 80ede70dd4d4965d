"""The program of a workspace's runner."""

import pytest

from infra.errors import ServiceUnreachableError
from infra.host import environment
from mlw.jobs import __main__ as runner_program
from mlw.jobs import runner_setup


def test_error_is_a_line_of_the_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object) -> None:
        raise ServiceUnreachableError("using the storage account: it does not answer")

    monkeypatch.setattr("sys.argv", ["mlw.jobs", "dev"])
    monkeypatch.setattr(runner_setup, "make", fail)
    monkeypatch.setattr(environment, "enter", lambda: None)

    assert runner_program.main() == 1
    printed = capsys.readouterr()
    assert (printed.out[19:], printed.err) == (" using the storage account: it does not answer\n", "")
