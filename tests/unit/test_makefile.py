import re
import subprocess

import pytest

from infra.host import folders

TARGETS = {
    "setup", "up", "down", "preview", "status", "refresh", "test", "check", "bench", "bench-insights", "env", "help",
    "clean-tools", "unit", "policy", "integration", "e2e", "fault", "soak", "format", "lint", "type",
    "coverage", "release-check",
}  # fmt: skip


def dry_run(*words: str) -> str:
    command = ["make", "--dry-run", "--no-print-directory", *words]
    return subprocess.run(command, cwd=folders.repo(), capture_output=True, text=True, check=True).stdout


def test_help_lists_every_target() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=folders.repo(), capture_output=True, text=True, check=True)
    assert {line.split()[1] for line in done.stdout.splitlines()} == TARGETS


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_target_can_be_run(target: str) -> None:
    assert dry_run(target)


@pytest.mark.parametrize("target", ["up", "down", "preview", "status", "refresh"])
def test_the_stack_is_dev_unless_another_is_named(target: str) -> None:
    assert f"mlw.lifecycle {target} --stack='dev'" in dry_run(target)
    assert f"mlw.lifecycle {target} --stack='other'" in dry_run(target, "STACK=other")


@pytest.mark.parametrize("name", ["", "a b", "-x"], ids=["empty", "two words", "an option"])
def test_a_name_that_no_stack_can_have_reaches_the_command_as_it_is(name: str) -> None:
    assert f"--stack='{name}'" in dry_run("up", f"STACK={name}")


def test_every_target_is_phony() -> None:
    text = (folders.repo() / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == TARGETS


def test_the_ci_entry_runs_all_tests_and_nothing_cleverer() -> None:
    lines = (folders.repo() / ".ci" / "run").read_text().splitlines()
    assert lines[-1] == "exec make test"
