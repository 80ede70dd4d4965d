"""`mlw run` and `mlw env` as processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.client_variables import Access
from infra.clients.state import kept_keys, known_stacks
from infra.clients.state.state_passphrase import StatePassphrase
from mlw.client_environment.run_command import command_environment, service_name
from tests.unit.states import CREDENTIALS, KEY, PASSPHRASE, SALT, Place, a_secret, a_workspace, stack_id, the_outputs

SECONDS = 60


@pytest.fixture(autouse=True)
def _stack(place: Place) -> None:
    place.deploy("dev")
    known_stacks.remember(stack_id("dev"), stack="dev")
    kept_keys.keep(stack_id("dev"), SALT, StatePassphrase(PASSPHRASE, is_of_home=True), KEY)


def mlw(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlw", *words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4]), **variables},
        capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip


def test_the_command_has_the_variables_and_none_of_another_account() -> None:
    done = mlw("run", "dev", "--", "env", "-0", AWS_SESSION_TOKEN="other", AWS_ACCESS_KEY_ID="other", MINE="kept")

    found = dict(pair.split("=", 1) for pair in done.stdout.split("\0") if pair)
    assert (found["AWS_ACCESS_KEY_ID"], found["VAULT_TOKEN"]) == ("key-of-storage", "secret-of-vault")
    assert (found["MINE"], found["OTEL_SERVICE_NAME"]) == ("kept", "env")
    assert "AWS_SESSION_TOKEN" not in found


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 7", 7), ("exit 125", 125), ("kill -TERM $$", -signal.SIGTERM)]
)
def test_the_exit_code_is_the_commands(script: str, code: int) -> None:
    assert mlw("run", "dev", "--", "sh", "-c", script).returncode == code


def test_a_signal_reaches_the_command() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mlw", "run", "dev", "--", "sh", "-c", "trap 'exit 9' TERM; echo ready; read line"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 9


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("run dev -- nosuch", 127, "mlw: starting 'nosuch': no such program. "),
        ("run dev -- /etc/passwd", 126, "mlw: starting '/etc/passwd': Permission denied. "),
        ("run nosuch -- true", 125, "mlw: looking for stack 'nosuch': "),
        ("run dev --principal ada -- true", 125, "mlw: reading the credentials of principal 'ada': no such principal"),
        ("run dev", 2, "mlw: running 'mlw run': missing argument 'COMMAND...'."),
    ],
)
def test_a_command_that_is_not_started_is_one_message(line: str, code: int, message: str) -> None:
    done = mlw(*line.split())

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert done.stderr.startswith(message)


def test_with_tracking_mlflow_finds_the_workspace_and_the_password_is_only_in_the_environment(
    place: Place,
) -> None:
    endpoints = {**the_outputs("dev")["endpoints"], "tracking": "http://127.0.0.1:20008"}
    credentials = a_secret({**CREDENTIALS, "tracking": {"username": "admin", "password": "secret-of-tracking"}})
    place.deploy("dev", a_workspace("dev", outputs=the_outputs("dev", endpoints=endpoints, credentials=credentials)))

    words = ("run", "dev", "--experiment-name", "churn", "--", "env", "-0")
    done = mlw(*words, MLFLOW_TRACKING_TOKEN="other", MLFLOW_REGISTRY_URI="other")

    found = dict(pair.split("=", 1) for pair in done.stdout.split("\0") if pair)
    assert {name: value for name, value in found.items() if name.startswith("MLFLOW_")} == {
        "MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:20001",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:20008",
        "MLFLOW_TRACKING_USERNAME": "admin",
        "MLFLOW_TRACKING_PASSWORD": "secret-of-tracking",
        "MLFLOW_EXPERIMENT_NAME": "churn",
    }


def test_the_command_has_the_callers_umask_and_handles_a_closed_pipe_as_usual() -> None:
    words = ["bash", "-c", f"umask 027; {sys.executable} -m mlw run dev -- sh -c 'umask; yes | head -n 1; echo end'"]
    done = subprocess.run(
        words,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
        capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip

    assert (done.stdout.split(), done.stderr) == (["0027", "y", "end"], "")


def test_credentials_are_on_no_command_line_and_in_no_file(tmp_path: Path) -> None:
    done = mlw("run", "dev", "--", "sh", "-c", "tr '\\0' ' ' < /proc/$$/cmdline")

    files = (path for path in tmp_path.rglob("*") if path.is_file())
    assert done.returncode == 0
    assert "secret-of" not in done.stdout
    assert [path for path in files if b"secret-of" in path.read_bytes()] == []


def test_a_shell_evaluates_the_exports() -> None:
    script = f'eval "$({sys.executable} -m mlw env dev)"; echo "$VAULT_TOKEN ${{AWS_PROFILE-unset}} $OTEL_SERVICE_NAME"'
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4]), "AWS_PROFILE": "other"},
        capture_output=True, text=True, check=True, timeout=SECONDS,
    )  # fmt: skip

    assert done.stdout == "secret-of-vault unset dev\n"


def test_a_dotenv_file_quotes_only_what_needs_it() -> None:
    lines = mlw("env", "dev", "--format", "dotenv").stdout.splitlines()

    assert "AWS_ENDPOINT_URL_S3=http://127.0.0.1:20001" in lines
    assert [line for line in lines if "'" in line] == [
        line for line in lines if line.startswith("DOCKER_AUTH_CONFIG='{")
    ]


def test_json_is_an_object_of_strings() -> None:
    found = json.loads(mlw("env", "dev", "--format", "json", OTEL_SERVICE_NAME="mine").stdout)

    assert (found["VAULT_TOKEN"], found["OTEL_SERVICE_NAME"]) == ("secret-of-vault", "mine")


@pytest.mark.parametrize(
    ("line", "name"),
    [("python src/train.py --epochs 3", "train"), ("uvicorn app:main", "uvicorn"), ("/usr/bin/env", "env")],
)
def test_telemetry_is_named_after_the_script_or_the_program(line: str, name: str) -> None:
    assert service_name(line.split()) == name


def test_a_proxy_is_never_used_for_the_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1,::1")

    found = command_environment(
        Access(endpoints={}, credentials={}),
        {"http_proxy": "http://proxy", "VAULT_NAMESPACE": "other"},
        {"VAULT_ADDR": "http://x"},
    )

    assert (found["http_proxy"], found["no_proxy"], found["VAULT_ADDR"]) == (
        "http://proxy",
        "localhost,127.0.0.1,::1",
        "http://x",
    )
    assert "VAULT_NAMESPACE" not in found
