"""Tutorials, run as a new user runs them."""

import re
from pathlib import Path

from tests.e2e.one_workspace.test_documents import lines_of
from tests.support.documents import SHELL, blocks
from tests.support.processes import run
from tests.support.stacks import LiveStack

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
