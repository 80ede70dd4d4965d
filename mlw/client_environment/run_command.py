"""`mlw run`: a command with a workspace's endpoints and credentials in its environment."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.client_variables import SERVICE_NAME, Access, variables
from infra.host.environment import Caller
from infra.host.proxies import EXCEPTIONS, GRPC_EXCEPTIONS
from mlw.client_environment import client_access, run_facts
from mlw.client_environment.client_options import PRINCIPAL
from mlw.client_environment.run_facts import RunOptions
from mlw.command import PROGRAM, command
from mlw.command_options import STACK
from mlw.stacks.stacks import open_stack

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

NOT_STARTED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127
"""Exit codes of `env`, `nohup` and `docker run` for the same failures."""

_PYTHON = ".py"


def _files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """For shell completion: the shell itself offers the files."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for completion

    return [CompletionItem(incomplete, type="file")]


@command(
    examples=(
        "mlw run dev -- python train.py",
        "mlw run dev --principal dora -- python train.py",
        "mlw run dev --experiment-name churn -- python src/train.py",
        "mlw run dev -- sh -c 'echo $AWS_ENDPOINT_URL_S3'",
    ),
    exit_codes={
        0: "the command succeeded; any other code that is not in this list is the command's own",
        NOT_STARTED: "the command was not started; the message says why (no such stack, wrong passphrase)",
        NOT_EXECUTABLE: "the command cannot be executed",
        NOT_FOUND: "the command was not found",
    },
    on_error=NOT_STARTED,
    exclusive=(("code", "no_snapshot"),),
)
@STACK
@PRINCIPAL
@click.option("--experiment-name", metavar="NAME", help="MLflow experiment, if the program does not name one.")
@click.option(
    "--code",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder to store a snapshot of; by default that of the first Python file in COMMAND.",
)
@click.option("--no-snapshot", is_flag=True, help="Store no snapshot.")
@click.argument(
    "words",
    metavar="COMMAND...",
    nargs=-1,
    required=True,
    shell_complete=_files,
    help="The command, after `--`.",
)
@click.pass_obj
def run(
    caller: Caller,
    stack: str,
    principal: str | None,
    *,
    words: tuple[str, ...],
    experiment_name: str | None,
    code: Path | None,
    no_snapshot: bool,
) -> int:
    """Run a command with the endpoints and credentials of a workspace.

    They are in the command's environment, under the names that boto3, minio, hvac, Docker, the OpenTelemetry SDKs and
    MLflow read; docs/daily.md lists them. Nothing is written to a file or a command line. The command replaces this
    process, so signals reach it and its exit code is returned.

    With --principal the credentials are those of a principal in the stack file: variables of services that its role
    gives no access to are missing, and VAULT_TOKEN expires after an hour unless the command renews it.

    If the workspace has tracking, every MLflow run that the command makes gets tags with commit, branch, repository and
    dirty flag of the folder, and with the snapshot of it that is stored in the default blob store. Left out are what
    .amlignore lists (without one, .gitignore) and usual names of secrets, e.g. .env and *.pem.
    """
    found = open_stack(stack)
    access = client_access.access_of(found, principal)
    name = caller.variables.get(SERVICE_NAME) or service_name(words)
    added = variables(access, service_name=name)
    options = RunOptions(words=words, experiment=experiment_name or "", code=code, has_snapshot=not no_snapshot)
    added |= run_facts.variables_of(found, access, options, caller.variables)
    return _execute(words, command_environment(access, caller.variables, added), caller.umask)


def service_name(words: Sequence[str]) -> str:
    """Name of a command in its telemetry: of the first Python file that it names, otherwise of the program."""
    scripts = (word for word in words if word.endswith(_PYTHON))
    return Path(next(scripts, words[0])).name.removesuffix(_PYTHON)


def command_environment(access: Access, inherited: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Environment of the command: the caller's, without what belongs to other accounts, and never through a proxy."""
    kept = {name: value for name, value in inherited.items() if name not in access.managed}
    direct = {name: os.environ[name] for name in (*EXCEPTIONS, GRPC_EXCEPTIONS) if name in os.environ}
    return {**kept, **direct, **added}


def _execute(words: Sequence[str], environment: Mapping[str, str], umask: int) -> int:
    """Replace this process by the command; returns only if that fails."""
    os.umask(umask)
    # Python ignores it, and a program would inherit that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout.flush()
    try:
        os.execvpe(words[0], list(words), environment)  # noqa: S606 - the user's command, without a shell
    except FileNotFoundError:
        return _refuse(
            words[0], "no such program. Name a program on PATH, or use `sh -c` for a shell command", NOT_FOUND
        )
    except OSError as exc:
        return _refuse(words[0], f"{exc.strerror}. Name an executable program", NOT_EXECUTABLE)


def _refuse(program: str, reason: str, code: int) -> int:
    print(f"{PROGRAM}: starting '{program}': {reason}.", file=sys.stderr)
    return code
