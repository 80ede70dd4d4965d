"""Everything that documents show works: commands, options, modules, files, YAML and Python exist and parse."""

import ast
import importlib.util
import re
import subprocess
from typing import Any

import click
import pytest
import yaml

from infra.rules.policy.assignments_file import parse_assignments
from infra.settings.stack_input import StackInput
from tests.support import command_lines
from tests.support.documents import ROOT, SHELL, Block, all_blocks, commands, script

TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
PULUMI = {"up", "preview", "refresh", "destroy", "cancel", "stack", "config", "import", "state", "login"}
OTHERS = {"cd", "cat", "curl", "docker", "eval", "export", "git", "jq", "mv", "pip", "printf", "ssh", "vault", "sudo"}
"""Programs that are not ours and that documents use."""
ASSIGNMENTS = {"initiatives", "managementGroups", "exemptions"}


def by_block(*languages: str) -> list[Any]:
    return [pytest.param(block, id=str(block)) for block in all_blocks(*languages)]


def unknown(words: list[str]) -> str:
    """Why a command cannot be typed; empty if it can."""
    program, rest = words[0], words[1:]
    if program == "make":
        targets = [word for word in rest if "=" not in word and not word.startswith("-")]
        return "" if set(targets) <= TARGETS else f"no make target {targets}"
    if program == "mlw":
        return unknown_to_mlw(rest)
    if re.fullmatch(r"python3?", program):
        return unknown_to_python(rest)
    if program == "pulumi":
        verbs = [word for word in rest if word in PULUMI]
        return "" if verbs else f"no pulumi command in {rest}"
    if "/" in program:
        return "" if (ROOT / program).is_file() else f"no file {program}"
    return "" if program in OTHERS else f"unknown program {program}"


def unknown_to_mlw(words: list[str]) -> str:
    try:
        command_lines.parse(words)
    except click.exceptions.Exit:
        return ""  # --help and --version
    except click.UsageError as error:
        return f"mlw {' '.join(words)}: {error.format_message()}"
    return ""


def unknown_to_python(words: list[str]) -> str:
    if words[0] == "-m":
        return "" if importlib.util.find_spec(words[1]) else f"no module {words[1]}"
    return "" if (ROOT / words[0]).exists() else f"no file {words[0]}"


@pytest.mark.parametrize("block", by_block(*SHELL))
def test_every_command_can_be_typed(block: Block) -> None:
    problems = [unknown(words) for words in commands(script(block))]

    assert [problem for problem in problems if problem] == []


@pytest.mark.parametrize("block", by_block("sh", "bash"))
def test_every_script_is_one(block: Block) -> None:
    parsed = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)

    assert parsed.stderr == ""


@pytest.mark.parametrize("block", by_block("python"))
def test_every_program_parses(block: Block) -> None:
    assert ast.parse(block.text).body


@pytest.mark.parametrize("block", by_block("yaml"))
def test_every_piece_of_yaml_has_keys_that_exist(block: Block) -> None:
    document = yaml.safe_load(re.sub(r"\{secure: …\}|AKIA…", "x", block.text))

    if isinstance(document, dict) and set(document) & ASSIGNMENTS:
        parse_assignments(block.text, file=str(block))
    elif isinstance(document, dict) and any(
        key.startswith("ml-workspace:") for key in document.get("config", document)
    ):
        known = {f"ml-workspace:{field.alias}" for field in StackInput.model_fields.values()}
        assert set(document.get("config", document)) - known == set()


def test_a_block_without_a_language_is_never_a_command() -> None:
    typed = re.compile(r"^(\$ |make |mlw |pulumi )", re.MULTILINE)

    outside = [block for block in all_blocks("") if block.document != ROOT / "docs" / "cli.md"]
    assert [str(block) for block in outside if typed.search(block.text)] == []


def test_the_own_rule_of_the_how_to_judges() -> None:
    (program,) = (block for block in all_blocks("python") if "@rule(" in block.text)
    namespace: dict[str, Any] = {}
    exec(compile(program.text, str(program), "exec"), namespace)  # noqa: S102 - it is ours

    rule, view = namespace["days"], namespace["ResourceView"]
    resource = view(namespace["APPLICATION_INSIGHTS"], {"retentionInDays": 180})
    (violation,) = rule.check(resource, {"maximumDays": 90})
    assert violation.allowed == "at most 90 days"
    assert list(rule.check(resource)) == []
