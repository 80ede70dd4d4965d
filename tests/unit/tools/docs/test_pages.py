from pathlib import Path

import pytest

from infra.host.variables import VARIABLES
from infra.rules.policy import assignments_keys
from infra.rules.policy.policy_assignments import Level
from infra.settings.stack_input import StackInput
from infra.stack_outputs import OUTPUTS
from tools.docs import pages


@pytest.mark.parametrize("file", pages.PAGES, ids=lambda file: file.name)
def test_every_page_matches_the_code(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == pages.PAGES[file](), "run: python -m tools.docs"


def text(name: str) -> str:
    return next(render() for file, render in pages.PAGES.items() if file.name == name)


def test_every_key_at_the_top_of_a_stack_file_is_described() -> None:
    document = text("settings.md")

    assert [field.alias for field in StackInput.model_fields.values() if f"`{field.alias}" not in document] == []


def test_every_output_and_each_of_its_keys_is_described() -> None:
    document = text("outputs.md")
    keys = [key for output in OUTPUTS.values() for key in output.keys]

    assert [name for name in OUTPUTS if f"## `{name}`" not in document] == []
    assert [key for key in keys if f"| `{key}` |" not in document] == []


def test_every_environment_variable_is_described() -> None:
    document = text("environment.md")

    assert [variable.name for variable in VARIABLES if f"| `{variable.name}` |" not in document] == []


def test_every_key_of_the_file_of_assignments_is_described() -> None:
    document = text("assignments.md")
    sections = [
        assignments_keys.FILE,
        assignments_keys.INITIATIVE,
        assignments_keys.RULE,
        *(assignments_keys.SCOPES[level] for level in Level),
        assignments_keys.ASSIGNMENT,
        assignments_keys.EXEMPTION,
    ]

    assert [key for section in sections for key in section if f"| `{key}` |" not in document] == []


def test_an_outdated_page_is_written_and_a_current_one_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, current = tmp_path / "sub" / "old.md", tmp_path / "current.md"
    current.write_text("same")
    monkeypatch.setattr(pages, "PAGES", {old: lambda: "new", current: lambda: "same"})

    assert pages.write() == [old]
    assert (old.read_text(), pages.outdated()) == ("new", [])
