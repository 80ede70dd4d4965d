"""Tests' descriptions of faults, their results, and the page generated from these."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.reliability import Recorder
from tests.support.tiers import TESTS_ROOT
from tools.docs import reliability_reference


def marked() -> Iterator[tuple[str, str, list[str]]]:
    """File, name and description of each test; without a description for a test without a fault."""
    for path in sorted(TESTS_ROOT.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        tells = "mark.fault(" in text or path.is_relative_to(TESTS_ROOT / "fault")
        for node in ast.parse(text).body if tells else []:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                calls = [one for one in node.decorator_list if isinstance(one, ast.Call)]
                words = [
                    argument.value
                    for call in calls
                    if ast.unparse(call.func) == "pytest.mark.fault"
                    for argument in call.args
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                ]
                yield path.relative_to(TESTS_ROOT).as_posix(), node.name, words


def test_every_test_of_the_tier_describes_its_fault_and_outcome() -> None:
    silent = [f"{file}::{name}" for file, name, words in marked() if file.startswith("fault/") and len(words) != 2]

    assert silent == []


def test_every_fault_is_on_the_page() -> None:
    page = reliability_reference.FILE.read_text(encoding="utf-8")

    missing = [name for _, name, words in marked() if words and f"| {words[0]} | {words[1]} |" not in page]

    assert missing == []


def test_every_row_of_the_page_is_a_fault_in_the_order_of_the_generator() -> None:
    page = reliability_reference.FILE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!What is done|Faults tried)([^|]+) \| ([^|]+) \| [^|]* \| [^|]* \|$", page, re.MULTILINE)
    files = re.findall(r"^`(tests/.+)`$", page, re.MULTILINE)

    described = {tuple(words) for _, _, words in marked() if words}
    assert [row for row in rows if row[1].strip("0123456789") and row not in described] == []
    assert files == sorted(files)


def a_report(nodeid: str, when: str, outcome: str, *, words: tuple[str, str] | None) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=nodeid,
        location=("", None, ""),
        keywords={},
        outcome=outcome,  # type: ignore[arg-type]
        longrepr=None,
        when=when,  # type: ignore[arg-type]
        user_properties=[("fault", list(words))] if words else [],
    )


def test_a_fault_is_survived_when_every_phase_of_its_test_passes(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "build" / "results.json")
    words = ("it dies", "all is there")
    for nodeid, outcomes in {
        "tests/fault/test_x.py::test_a[one]": ("passed", "passed", "passed"),
        "tests/fault/test_x.py::test_a[two]": ("passed", "passed", "failed"),
        "tests/fault/test_x.py::test_b": ("failed", "passed"),
    }.items():
        for when, outcome in zip(("setup", "call", "teardown"), outcomes, strict=False):
            recorder.pytest_runtest_logreport(a_report(nodeid, when, outcome, words=words))
    recorder.pytest_runtest_logreport(a_report("tests/unit/test_y.py::test_c", "call", "passed", words=None))
    recorder.pytest_sessionfinish()

    results = json.loads((tmp_path / "build" / "results.json").read_text())

    assert [(one["test"], one["case"], one["survived"]) for one in results] == [
        ("test_a", "one", True),
        ("test_a", "two", False),
        ("test_b", "", False),
    ]


def test_the_page_names_failed_faults_and_counts_them(tmp_path: Path) -> None:
    common = {"file": "tests/fault/test_killed_runs.py", "test": "test_a", "done": "it dies", "holds": "all is there"}
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.write_text(json.dumps([{**common, "case": "one", "survived": False}]))
    second.write_text(json.dumps([{**common, "case": case, "survived": case != "two"} for case in ("one", "two")]))

    failed = reliability_reference.render(reliability_reference.read([first, second]))
    passed = reliability_reference.render(reliability_reference.read([second])[:1])

    untried = tmp_path / "c.json"
    untried.write_text(json.dumps([{**common, "case": case, "survived": None} for case in ("one", "three")]))
    partly = reliability_reference.render(reliability_reference.read([untried, second, untried]))

    assert "| two, three" not in partly
    assert "| it dies | all is there | one, three, two | no: two |" in partly
    assert "| not tried yet |" in reliability_reference.render(reliability_reference.read([untried]))
    assert "| 2 | 1 | see " in failed
    assert "## Killed runs" in failed
    assert "| it dies | all is there | one, two | no: two |" in failed
    assert "| 1 | 1 | 0 | 0 |" in passed
    assert "| it dies | all is there | one | yes |" in passed
