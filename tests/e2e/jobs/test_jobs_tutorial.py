"""The tutorials on jobs, as a new user runs them one after another: every command, and what it shows."""

import re
import shutil
from pathlib import Path

from tests.e2e.one_workspace.test_documents import lines_of
from tests.support.documents import ROOT, SHELL, blocks
from tests.support.processes import run
from tests.support.stacks import LiveStack

TUTORIALS = ("tutorial-jobs.md", "tutorial-endpoints.md", "tutorial-tune.md")
SECONDS = 400


def comparable(text: str) -> list[str]:
    """Lines without durations."""
    plain = re.sub(r"\b[0-9]+\.[0-9]+ m?s\b", "SECONDS", text)
    return [" ".join(line.split()) for line in plain.splitlines() if line.strip()]


def run_tutorial(tutorial: Path, jobs_stack: LiveStack) -> list[str]:
    """Run every command of a tutorial; the lines that it shows and no command printed."""
    environment = jobs_stack.stack.environment
    printed: list[str] = []
    missing: list[str] = []

    for block in blocks(tutorial):
        if block.language == "text":
            missing += [line for line in comparable(block.text) if line not in printed]
        elif block.language in SHELL and "make -s env" not in block.text:
            text = re.sub(r"(?<![\w/-])dev(?![\w-])", jobs_stack.stack.name, lines_of(block))
            words = ["bash", "-euo", "pipefail", "-c", text]
            done = run(words, cwd=environment.project, env=environment.variables, timeout_seconds=SECONDS)
            printed = comparable(done.check().stdout)
    return missing


def test_every_command_of_the_tutorials_prints_what_they_show(jobs_stack: LiveStack) -> None:
    project = jobs_stack.stack.environment.project
    shutil.copytree(ROOT / "examples" / "diabetes", project / "examples" / "diabetes", dirs_exist_ok=True)

    assert [line for name in TUTORIALS for line in run_tutorial(ROOT / "docs" / name, jobs_stack)] == []
