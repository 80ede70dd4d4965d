"""From the command line to an exit code: one message for what a user can cause, and a quick start."""

import errno
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from infra.errors import EngineUnreachableError
from infra.host import folders
from mlw import command as commands
from mlw.command import INTERRUPTED, Command
from mlw.command_table import COMMANDS
from mlw.keys import show_keys
from mlw.main import main

HEAVY = ("pydantic", "yaml", "docker", "requests", "pulumi", "minio", "hvac", "grpc")


def _words(command: Command) -> str:
    return " ".join(command.path)


@pytest.mark.parametrize("command", COMMANDS, ids=_words)
def test_every_command_has_a_function_that_takes_the_arguments(command: Command) -> None:
    module, _, function = command.handler.partition(":")
    handler = getattr(importlib.import_module(module), function)

    assert list(inspect.signature(handler).parameters) == ["options"]


@pytest.mark.parametrize("command", COMMANDS, ids=_words)
def test_exit_codes_of_the_table_include_the_one_of_an_error(command: Command) -> None:
    assert commands.DONE in command.exit_codes
    assert command.on_error in command.exit_codes or _words(command) == "policy list"


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (EngineUnreachableError("the engine does not answer"), 1, "mlw: the engine does not answer\n"),
        (KeyboardInterrupt(), INTERRUPTED, ""),
        (
            PermissionError(errno.EACCES, "Permission denied", "/home/other/dev.json"),
            1,
            "mlw: running 'mlw keys': [Errno 13] Permission denied: '/home/other/dev.json'.\n",
        ),
    ],
    ids=["a user's error", "an interruption", "the system's"],
)
def test_an_error_is_one_message_and_an_exit_code(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_options: object) -> int:
        raise error

    monkeypatch.setattr(show_keys, "keys", fail)

    assert main(["keys", "dev"]) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", message)


def test_a_reader_that_has_enough_causes_no_traceback() -> None:
    # Enough rules for the pipe of a reader that never reads to matter.
    script = f"{sys.executable} -m mlw policy list | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folders.repo(), capture_output=True, text=True, check=False, timeout=60
    )

    assert done.stderr == ""


def test_output_that_cannot_be_written_is_one_message() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mlw", "policy", "list"],
            cwd=folders.repo(), stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip

    assert (done.returncode, done.stderr) == (
        1,
        "mlw: running 'mlw policy list': [Errno 28] No space left on device.\n",
    )


@pytest.mark.parametrize("line", ["--help", "policy list"], ids=str)
def test_a_quick_command_loads_no_heavy_library(line: str) -> None:
    script = (
        "import sys\n"
        "from mlw.main import main\n"
        "try:\n"
        f"    main({line.split()!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folders.repo(), capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stderr == "[]\n"
    assert done.stdout
