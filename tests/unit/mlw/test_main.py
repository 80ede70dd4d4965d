"""From the command line to an exit code: one message for what a user can cause, and a quick start."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from infra.errors import EngineUnreachableError
from infra.host import folders
from mlw.command import INTERRUPTED
from mlw.keys import show_keys
from mlw.main import main

HEAVY = (
    "pydantic",
    "yaml",
    "docker",
    "requests",
    "pulumi",
    "minio",
    "hvac",
    "grpc",
    "jmespath",
    "starlette",
    "uvicorn",
    "jinja2",
)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (EngineUnreachableError("the engine does not answer"), 1, "mlw: the engine does not answer\n"),
        (KeyboardInterrupt(), INTERRUPTED, ""),
        (
            PermissionError(errno.EACCES, "Permission denied", "/home/other/dev.json"),
            1,
            "mlw: running 'mlw keys show': operating system error: Permission denied: '/home/other/dev.json'.\n",
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
    def fail(_name: str) -> int:
        raise error

    monkeypatch.setattr(show_keys, "open_stack", fail)

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
        "mlw: running 'mlw policy list': operating system error: No space left on device.\n",
    )


@pytest.mark.parametrize("line", ["--help", "--version", "policy list", "policy --help", "nosuch"], ids=str)
def test_a_quick_command_loads_no_heavy_library(line: str) -> None:
    script = (
        "import sys\n"
        "from mlw.main import main\n"
        "sys.stderr = open('/dev/null', 'w')\n"
        f"main({line.split()!r})\n"
        "sys.stderr = sys.__stderr__\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folders.repo(), capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stderr == "[]\n"


LIFE_CYCLE = ("mlw.lifecycle.down", "mlw.lifecycle.stack_commands")


@pytest.mark.parametrize("line", ["create --help", "update --help", "delete --help"], ids=str)
def test_help_of_a_run_does_not_load_the_life_cycle(line: str) -> None:
    script = (
        "import sys\n"
        "from mlw.main import main\n"
        f"main({line.split()!r})\n"
        f"print([name for name in {LIFE_CYCLE!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folders.repo(), capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stderr == "[]\n"
