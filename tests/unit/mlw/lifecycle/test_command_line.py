"""The command line: one message and an exit code for every error."""

import errno
import subprocess
import sys
from importlib import import_module

import pytest

from infra.errors import EngineUnreachableError
from infra.host import folders
from mlw.lifecycle import __main__ as main
from mlw.lifecycle.lifecycle_errors import OperationCancelledError


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        pytest.param(EngineUnreachableError("no engine"), 1, "make up: no engine\n", id="an error of the project"),
        pytest.param(OperationCancelledError("stopped"), 130, "make up: stopped\n", id="interrupted"),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device", "/data/x"),
            1,
            "make up: operating system error: No space left on device (/data/x). Run it again.\n",
            id="a full disk",
        ),
        pytest.param(
            KeyboardInterrupt(),
            130,
            "make up: interrupted. Run the command again to continue.\n",
            id="interrupted early",
        ),
    ],
)
def test_an_error_is_one_message_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, message: str
) -> None:
    def action() -> None:
        raise error

    assert main.guarded("up", action) == code
    assert capsys.readouterr().err == message


def test_a_defect_is_not_dressed_up_as_a_users_error() -> None:
    def action() -> None:
        raise ZeroDivisionError("defect")

    with pytest.raises(ZeroDivisionError, match="defect"):
        main.guarded("up", action)


def test_an_unknown_stack_ends_with_code_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["up", "--stack", "no-such-stack"]) == 1
    message = capsys.readouterr().err
    assert "no file 'Pulumi.no-such-stack.yaml' in '" in message
    assert message.endswith("Stacks: none. Write the file.\n")


def test_a_command_that_is_no_make_target_is_not_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    def action() -> None:
        raise EngineUnreachableError("no engine")

    main.guarded("recover", action)
    assert capsys.readouterr().err == "recover: no engine\n"


def test_an_update_does_not_load_dockers_sdk_to_look_at_the_engine() -> None:
    modules = "mlw.lifecycle.__main__, mlw.lifecycle.stack_commands"
    script = f"import sys, {modules}; print([name for name in ('docker', 'requests') if name in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folders.repo(), capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", main.COMMANDS)
def test_every_command_has_its_function(command: str) -> None:
    module, _, function = main.COMMANDS[command][0].partition(":")
    assert callable(getattr(import_module(f"mlw.lifecycle.{module}"), function))
