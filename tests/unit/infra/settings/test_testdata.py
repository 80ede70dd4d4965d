"""Whole stack files: every valid one is accepted, every invalid one rejected with exactly the messages it names."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.rules.violation import ConfigurationError, Violation
from infra.settings import load
from infra.stack_files.stack_file import read_stack_file

FOLDER = Path(__file__).parent / "testdata"
BAD = sorted(FOLDER.glob("bad_*.yaml"))
GOOD = sorted(set(FOLDER.glob("*.yaml")) - set(BAD))
STACKS = sorted((Path(__file__).parents[4] / "stacks").glob("Pulumi.*.yaml"))


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


PROPOSAL = re.compile(r"^set '([^']+)' to (?:e\.g\. )?('[^']*'|\"[^\"]*\"|true|false|[0-9.]+)")


def violations_of(config: Mapping[str, str]) -> tuple[Violation, ...]:
    try:
        load(config, stack="x")
    except ConfigurationError as error:
        return error.violations
    return ()


def with_value(config: Mapping[str, str], key: str, value: object) -> dict[str, str]:
    """The configuration with a changed value at a full key such as `ml-workspace:datastores[0].name`."""
    top, *keys = re.findall(r"[^.\[\]]+", key)
    if not keys:
        return {**config, top: str(value)}
    document = json.loads(config.get(top, "{}"))
    holder: Any = document
    for name in keys[:-1]:
        holder = holder[int(name)] if name.isdigit() else holder.setdefault(name, {})
    holder[keys[-1]] = value
    return {**config, top: json.dumps(document)}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_following_a_messages_advice_resolves_it(path: Path) -> None:
    config = read_stack_file(path)

    for violation in violations_of(config):
        proposal = PROPOSAL.match(violation.fix)
        if proposal and violation.key.endswith(proposal[1]):
            text = proposal[2]
            value = text[1:-1] if text[0] in "'\"" else json.loads(text)
            again = violations_of(with_value(config, violation.key, value))
            assert violation.key not in {left.key for left in again}, violation.message


def test_there_are_stacks_and_bad_files() -> None:
    assert {path.name for path in STACKS} >= {"Pulumi.ci.yaml", "Pulumi.dev.yaml", "Pulumi.fraud.yaml"}
    assert len(BAD) > 60
