"""What documents name must exist: files, make targets, keys of the stack file."""

import re
from pathlib import Path

import pytest

from infra.rules.violation import ConfigurationError
from infra.settings import load
from infra.settings.stack_input import StackInput
from infra.stack_files.stack_file import read_stack_file

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    local = [link for link in links if "://" not in link]

    assert [link for link in local if not (document.parent / link).exists()] == []


def _anchors(document: Path) -> set[str]:
    """What headings are called in links: lower case, hyphens for spaces, without punctuation."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_link_to_a_heading_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text())

    broken = [
        f"{file}#{anchor}"
        for file, anchor in links
        if anchor not in _anchors(document.parent / file if file else document)
    ]
    assert broken == []


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


def test_every_decision_has_a_unique_number() -> None:
    numbers = [path.name[:4] for path in DECISIONS]

    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]


def test_the_violations_that_the_readme_shows_are_those_of_the_stack_file() -> None:
    (shown,) = re.findall(r"^error: (stack 'dev' is not valid.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    config = dict(read_stack_file(ROOT / "stacks" / "Pulumi.dev.yaml"))
    config["ml-workspace:storageAccount"] = '{"isHnsEnabled": true}'
    config["ml-workspace:keyVault"] = '{"softDeleteRetentionInDays": 400}'

    with pytest.raises(ConfigurationError) as raised:
        load(config, stack="dev")

    assert str(raised.value).split() == shown.split()
