"""Whole stack files: every good one is accepted, every bad one refused with exactly the messages that it names."""

from pathlib import Path

import pytest

from infra.errors import ConfigurationError
from infra.settings import load
from infra.settings.stack_file import read_stack_file

FOLDER = Path(__file__).parent / "testdata"
BAD = sorted(FOLDER.glob("bad_*.yaml"))
GOOD = sorted(set(FOLDER.glob("*.yaml")) - set(BAD))
STACKS = sorted((Path(__file__).parents[3] / "stacks").glob("Pulumi.*.yaml"))


def expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]


@pytest.mark.parametrize("path", GOOD + STACKS, ids=lambda path: path.stem)
def test_good_stack_file_is_accepted(path: Path) -> None:
    assert load(read_stack_file(path), stack="x").workspace.name


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_stack_file_is_refused_with_one_message_for_each_cause(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nothing was created") as caught:
        load(read_stack_file(path), stack="x")

    messages = [violation.message for violation in caught.value.violations]
    assert expected(path), "a bad file says what it expects"
    for cause in expected(path):
        assert [message for message in messages if cause in message], f"{cause!r} is not in {messages}"
    assert len(messages) == len(expected(path)), messages


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_message_names_key_allowed_fix_and_file_on_one_line(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="violation") as caught:
        load(read_stack_file(path), stack="x")

    for violation in caught.value.violations:
        assert violation.key.startswith("ml-workspace:")
        assert violation.allowed
        assert violation.fix
        assert "to fix it in stacks/Pulumi.x.yaml: " in violation.message
        assert "\n" not in violation.message
        assert "hunter2" not in violation.message


def test_there_are_stacks_and_bad_files() -> None:
    assert {path.name for path in STACKS} >= {"Pulumi.ci.yaml", "Pulumi.dev.yaml", "Pulumi.fraud.yaml"}
    assert len(BAD) > 60
