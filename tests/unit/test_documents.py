"""What documents name has to exist: files, make targets, keys of the stack file."""

import re
from pathlib import Path

import pytest

from infra.settings.stack_input import StackInput

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    local = [link for link in links if "://" not in link]

    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_make_target_exists(document: Path) -> None:
    named = set(re.findall(r"`make (?:-s )?([a-z0-9-]+)", document.read_text()))

    assert named - TARGETS == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_key_of_the_stack_file_exists(document: Path) -> None:
    keys = {field.alias for field in StackInput.model_fields.values()}
    named = set(re.findall(r"ml-workspace:([a-z][A-Za-z]+)\b(?!:)", document.read_text()))
    types = {"resources", "storage", "containerregistry", "keyvault", "insights", "machinelearningservices"}

    assert named - keys - types == set()


DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("decision", DECISIONS, ids=_name)
def test_every_decision_has_a_status_and_a_date(decision: Path) -> None:
    text = " ".join(decision.read_text().split())

    assert re.search(r"\*\*Status\.\*\* (Proposed|Accepted|Superseded)\b.*?\. \*\*Date\.\*\* 20\d\d-\d\d-\d\d\.", text)


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in DECISIONS]

    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]
