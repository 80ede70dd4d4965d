"""What a data scientist does: the tutorial, and programs with MLflow's own client as they are, by role."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.one_workspace.test_documents import lines_of
from tests.support.documents import ROOT, SHELL, Block, blocks
from tests.support.mlflow_client import mlflow_client
from tests.support.processes import Finished, run
from tests.support.stacks import LiveStack

TUTORIAL = ROOT / "docs" / "tutorial-tracking.md"
EXAMPLE = ROOT / "examples" / "train_churn.py"
BLOCKS = [block for block in blocks(TUTORIAL) if block.language in {*SHELL, "text"} and "make -s env" not in block.text]
DATA_SCIENTIST = ("--principal", "data-scientist")


@pytest.fixture(scope="module")
def variables(tracked: LiveStack) -> dict[str, str]:
    """An environment whose `python` has MLflow's client."""
    own = tracked.stack.environment.variables
    return {**own, "PATH": f"{mlflow_client()}:{own['PATH']}"}


@pytest.fixture(scope="module")
def repository(tracked: LiveStack) -> Path:
    """A repository with the example, a file with a secret, and a remote with a password in its address."""
    folder = tracked.stack.environment.project / "first-experiment"
    folder.mkdir()
    shutil.copy(EXAMPLE, folder / "train.py")
    (folder / ".env").write_text("PASSWORD=never-stored", encoding="utf-8")
    (folder / "notes.txt").write_text("ignored", encoding="utf-8")
    (folder / ".amlignore").write_text("*.txt\n", encoding="utf-8")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (
        ("init", "-q", "-b", "main"),
        ("remote", "add", "origin", "https://ada:never-stored@git.example.org/churn.git"),
        ("add", "train.py", ".amlignore"),
        (*who, "commit", "-q", "-m", "first"),
    ):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    return folder


def comparable(text: str) -> list[str]:
    """Lines without what differs from run to run, and without git facts: the project's copy is no repository."""
    plain = re.sub(r"\b[0-9a-f]{32,64}\b", "ID", text)
    plain = re.sub(r"[▁▂▃▄▅▆▇█]+", "LINE", plain)
    plain = re.sub(r"[0-9]+(\.[0-9]+)*", "0", plain)
    lines = [" ".join(line.split()) for line in plain.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith(("commit ", "branch ", "dirty ", "user "))]


def run_shown(block: Block, tracked: LiveStack, variables: dict[str, str]) -> Finished:
    """Run a block of the tutorial."""
    text = re.sub(r"(?<![\w/-])dev(?![\w-])", tracked.stack.name, lines_of(block))
    words = ["bash", "-euo", "pipefail", "-c", text]
    return run(words, cwd=tracked.stack.environment.project, env=variables)


def test_every_command_of_the_tutorial_prints_what_it_shows(tracked: LiveStack, variables: dict[str, str]) -> None:
    printed: list[str] = []
    missing: list[str] = []
    for block in BLOCKS:
        if block.language == "text":
            missing += [line for line in comparable(block.text) if line not in printed]
        else:
            printed = comparable(run_shown(block, tracked, variables).check().stdout)

    assert missing == []


def test_the_program_stays_unchanged_and_its_runs_have_git_facts_and_a_snapshot(
    tracked: LiveStack, variables: dict[str, str], repository: Path
) -> None:
    def mlw(verb: str, *words: str) -> Finished:
        command = ["mlw", *verb.split(), tracked.stack.name, *DATA_SCIENTIST, *words]
        return run(command, cwd=repository.parent, env=variables)

    program = ("--", "python", "first-experiment/train.py", "--epochs", "2")
    mlw("run", "--experiment-name", "by-role", *program).check()
    (found,) = json.loads(mlw("run list", "--experiment-name", "by-role", "-o", "json").check().stdout)
    mlw("run download", found["runId"], "--snapshot").check()

    commit = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    tags = found["tags"]
    assert (tags["mlflow.source.git.commit"], tags["mlflow.source.git.branch"]) == (commit, "main")
    assert (tags["azureml.git.dirty"], tags["azureml.git.repository_uri"]) == (
        "True", "https://git.example.org/churn.git",
    )  # fmt: skip
    assert "never-stored" not in json.dumps(found)
    code = repository.parent / found["runId"] / "code"
    assert {path.name: path.read_bytes() for path in code.rglob("*")} == {
        "train.py": EXAMPLE.read_bytes(), ".amlignore": b"*.txt\n",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("principal", "line", "operation"),
    [
        ("reader", "experiment delete NAME Default --yes", "experiments/delete"),
        ("reader", "model create NAME --name m --path README.md", "write"),
        ("compute-operator", "experiment list NAME", "experiments/read"),
    ],
)
def test_a_role_without_an_operation_gets_one_message_that_names_it(
    principal: str, line: str, operation: str, tracked: LiveStack
) -> None:
    words = line.replace("NAME", tracked.stack.name).split()

    done = tracked.stack.environment.mlw(*words, "--principal", principal)

    last = done.stderr.splitlines()[-1]
    assert (done.exit_code, done.stdout) == (1, "")
    assert re.search(rf"HTTP 403: .*Microsoft\.MachineLearningServices/workspaces/\S*{operation}", last), last


def test_a_model_is_registered_from_azures_file(tracked: LiveStack) -> None:
    file = tracked.stack.environment.project / "model.yml"
    file.write_text("name: from-a-file\npath: README.md\ntype: custom_model\n", encoding="utf-8")

    words = ("model", "create", tracked.stack.name, "--file", str(file), "--query", "version", "-o", "tsv")
    made = tracked.stack.environment.mlw(*words).check()

    assert made.stdout.split() == ["1"]


def test_a_reader_sees_runs_and_models(tracked: LiveStack) -> None:
    for group in ("experiment", "run", "model"):
        tracked.stack.environment.mlw(group, "list", tracked.stack.name, "--principal", "reader").check()
