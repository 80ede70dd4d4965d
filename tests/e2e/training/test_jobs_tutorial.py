"""The tutorials on jobs, as a new user runs them one after another: every command, and what it shows."""

import shutil

from tests.support.documents import ROOT
from tests.support.stacks import LiveStack
from tests.support.tutorials import run_tutorial

TUTORIALS = ("tutorial-jobs.md", "tutorial-endpoints.md", "tutorial-batch.md", "tutorial-tune.md")


def test_every_command_of_the_tutorials_prints_what_they_show(jobs_stack: LiveStack) -> None:
    project = jobs_stack.stack.environment.project
    shutil.copytree(ROOT / "examples" / "diabetes", project / "examples" / "diabetes", dirs_exist_ok=True)

    assert [line for name in TUTORIALS for line in run_tutorial(ROOT / "docs" / name, jobs_stack)] == []
