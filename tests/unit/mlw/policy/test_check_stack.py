"""`mlw policy` on stack files and states that are written for the test; no engine, no Pulumi CLI."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from infra.rules.policy.catalogue import RULES
from infra.rules.stack.stack_rules import STACK_RULES
from mlw.main import main
from tests.unit.states import VALID, Place, resource_id

BROKEN = f"""{VALID}  ml-workspace:storageAccount:
    sku: Premium_LRS   # not for a default account
  ml-workspace:keyVault: {{sku: gold}}
  ml-workspace:adminPassword: hunter2
"""
EXPECTED_LINES = {
    "ml-workspace:adminPassword": 7,
    "ml-workspace:storageAccount.sku": 5,
    "ml-workspace:keyVault.sku": 6,
}


@pytest.fixture(autouse=True)
def _without_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command can be found, and no engine."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestCheck:
    """Pipelines depend on the exit codes; the three forms agree."""

    def test_a_valid_stack_ends_with_0(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        place.configure("churn")

        assert main(["policy", "check", "churn"]) == 0
        assert capsys.readouterr() == ("stack 'churn' is valid: no violation\n", "")

    def test_violations_are_all_shown_and_end_with_1(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        place.configure("churn", BROKEN)

        assert main(["policy", "check", "churn"]) == 1

        title, *lines = capsys.readouterr().out.splitlines()
        assert title == "stack 'churn' is not valid: 3 violations"
        assert [line.split(" is ")[0] for line in lines] == [f"  {n}. {key}" for n, key in enumerate(EXPECTED_LINES, 1)]

    def test_what_is_only_audited_is_a_warning_and_ends_with_0(
        self, place: Place, capsys: pytest.CaptureFixture[str]
    ) -> None:
        place.configure("churn", f"{VALID}  ml-workspace:environment: prod\n")

        assert main(["policy", "check", "churn"]) == 0

        title, heading, warning = capsys.readouterr().out.splitlines()
        assert title == "stack 'churn' is valid: no violation"
        assert heading == "warnings (rules that are assigned with effect audit):"
        assert warning.startswith("  1. ml-workspace:keyVault.enablePurgeProtection is false: ")

    def test_json_has_the_same_violations(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        place.configure("churn", BROKEN)

        assert main(["policy", "check", "churn", "--json"]) == 1

        text = capsys.readouterr().out
        document = json.loads(text)
        assert (document["stack"], document["valid"]) == ("churn", False)
        assert {found["key"] for found in document["violations"]} == set(EXPECTED_LINES)
        assert "hunter2" not in text

    def test_sarif_has_what_its_schema_requires(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        place.configure("churn", BROKEN)

        assert main(["policy", "check", "churn", "--sarif"]) == 1

        text = capsys.readouterr().out
        assert_sarif(json.loads(text))
        assert "hunter2" not in text

    def test_sarif_names_the_file_and_the_line(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        place.configure("churn", BROKEN)
        main(["policy", "check", "churn", "--sarif"])
        (run,) = json.loads(capsys.readouterr().out)["runs"]

        found = {}
        for result in run["results"]:
            place_found = result["locations"][0]["physicalLocation"]
            key = result["message"]["text"].partition(" is ")[0].partition(": ")[0]
            found[key] = (place_found["artifactLocation"]["uri"], place_found["region"]["startLine"])

        assert found == {key: ("stacks/Pulumi.churn.yaml", line) for key, line in EXPECTED_LINES.items()}

    def test_a_valid_stack_is_an_empty_sarif_run(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        place.configure("churn")

        assert main(["policy", "check", "churn", "--sarif"]) == 0

        document = json.loads(capsys.readouterr().out)
        assert_sarif(document)
        assert document["runs"][0]["results"] == []

    def test_a_name_that_another_stack_of_the_backend_uses_is_refused(
        self, place: Place, capsys: pytest.CaptureFixture[str]
    ) -> None:
        place.deploy("fraud")
        place.configure("churn", f"{VALID}  ml-workspace:storageAccount: {{name: stfraud}}\n")

        assert main(["policy", "check", "churn"]) == 1

        assert "stack 'fraud' already has the storage account 'stfraud'" in capsys.readouterr().out

    def test_a_stack_does_not_conflict_with_its_own_state(self, place: Place) -> None:
        place.deploy("fraud")
        place.configure("fraud", f"{VALID}  ml-workspace:storageAccount: {{name: stfraud}}\n")

        assert main(["policy", "check", "fraud"]) == 0

    def test_an_existing_resource_has_to_exist_in_the_backend(
        self, place: Place, capsys: pytest.CaptureFixture[str]
    ) -> None:
        reference = resource_id("fraud", "containerRegistry")
        place.configure("churn", f"{VALID}  ml-workspace:containerRegistry: {{existing: {reference}}}\n")

        assert main(["policy", "check", "churn"]) == 1
        assert "no stack of this backend has this container registry" in capsys.readouterr().out

    def test_nothing_is_written(self, place: Place) -> None:
        place.configure("churn", BROKEN)
        place.deploy("fraud")
        before = _files(place.project), _files(place.state)

        main(["policy", "check", "churn"])

        assert (_files(place.project), _files(place.state)) == before

    def test_an_unknown_stack_ends_with_2_and_a_list(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        place.configure("churn")
        place.configure("fraud")

        assert main(["policy", "check", "chrun"]) == 2

        assert capsys.readouterr() == (
            "",
            f"mlw: looking for stack 'chrun': no file 'Pulumi.chrun.yaml' in '{place.stacks}'. Did you mean 'churn'? "
            "Stacks: churn, fraud. Choose one of them, or write the file.\n",
        )

    def test_a_file_that_is_not_yaml_ends_with_2(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        place.configure("churn", "config: [")

        assert main(["policy", "check", "churn"]) == 2

        printed = capsys.readouterr()
        assert printed.out == ""
        assert "not valid YAML" in printed.err

    def test_the_project_is_found_from_a_folder_in_it(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        place.configure("churn")
        monkeypatch.chdir(place.stacks)

        assert main(["policy", "check", "churn"]) == 0

    @pytest.mark.parametrize("is_gone", [False, True], ids=["another folder", "a folder that is gone"])
    def test_outside_of_every_project_the_checkout_of_the_code_is_meant(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_gone: bool
    ) -> None:
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        monkeypatch.chdir(folder)
        if is_gone:
            folder.rmdir()

        assert main(["policy", "check", "dev"]) == 0


class TestRules:
    """The list and the explanations come from the rules themselves."""

    def test_list_has_every_rule_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["policy", "list"]) == 0

        heading, *lines = capsys.readouterr().out.splitlines()
        assert heading.split() == ["RULE", "SEVERITY", "APPLIES", "TO", "SUMMARY"]
        assert sorted(line.split()[0] for line in lines) == sorted([*RULES, *STACK_RULES])

    def test_list_as_json_has_the_same(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["policy", "list", "--json"]) == 0

        rows = json.loads(capsys.readouterr().out)
        by_id = {row["id"]: row for row in rows}
        assert set(by_id) == {*RULES, *STACK_RULES}
        assert by_id["key-vault-limit-sku"] == {
            "id": "key-vault-limit-sku",
            "severity": "high",
            "appliesTo": "keyVault",
            "summary": RULES["key-vault-limit-sku"].summary,
        }

    @pytest.mark.parametrize("rule", sorted([*RULES, *STACK_RULES]))
    def test_every_listed_rule_can_be_explained(self, rule: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["policy", "explain", rule]) == 0
        assert capsys.readouterr().out.startswith(f"{rule}: ")

    def test_an_unknown_rule_ends_with_2_and_the_near_ones(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["policy", "explain", "vault-limits"]) == 2

        printed = capsys.readouterr()
        assert printed.out == ""
        assert "no rule 'vault-limits'" in printed.err
        assert "key-vault-limit-sku" in printed.err
        assert os.linesep not in printed.err.rstrip()


def assert_sarif(document: dict[str, Any]) -> None:
    """What the schema of SARIF 2.1.0 requires of a log, its runs, results and locations."""
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    for run in document["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"]
        known = [rule["id"] for rule in driver["rules"]]
        assert len(known) == len(set(known))
        for result in run["results"]:
            assert result["message"]["text"]
            assert result["ruleId"] in known
            assert result["level"] in {"none", "note", "warning", "error"}
            for location in result["locations"]:
                physical = location["physicalLocation"]
                assert not physical["artifactLocation"]["uri"].startswith("/")
                assert physical["region"]["startLine"] >= 1
