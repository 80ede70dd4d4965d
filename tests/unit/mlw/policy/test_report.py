"""What `mlw policy` is made of, on stack files that are written for the test."""

import json
from pathlib import Path

import pytest

from infra.rules.resources.component_types import KEY_VAULT
from infra.rules.stack.locked_changes import AcceptedStack
from mlw.policy import report

TEXT = """# a stack
config:
  ml-workspace:workload: churn
  ml-workspace:tags: {owner: a, cost-center: "1", project: b}
  ml-workspace:keyVault:
    sku: gold
  ml-workspace:adminPassword: hunter2
  ml-workspace:datastores:
    - name: Bad
      type: AzureBlob
      container: abc
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stacks = tmp_path / "stacks"
    stacks.mkdir()
    (stacks / "Pulumi.x.yaml").write_text(TEXT, encoding="utf-8")
    return stacks


def test_stack_is_checked_without_touching_anything(folder: Path) -> None:
    result = report.check_stack("x", folder)

    assert [violation.key for violation in result.violations] == [
        "ml-workspace:adminPassword",
        "ml-workspace:keyVault.sku",
        "ml-workspace:datastores[0].name",
    ]
    assert [path.name for path in folder.iterdir()] == ["Pulumi.x.yaml"]


def test_change_that_would_lose_data_is_found_where_the_stack_is_up(folder: Path) -> None:
    vault = {"name": "kv-before", "location": "westeurope", "resourceId": "/kv-before"}
    accepted = AcceptedStack(resources={"keyVault": {"type": KEY_VAULT, "properties": vault}})

    keys = {violation.key for violation in report.check_stack("x", folder, accepted=accepted).violations}

    assert "ml-workspace:keyVault.name" in keys


def test_json_has_every_violation_and_no_secret(folder: Path) -> None:
    document = report.as_json(report.check_stack("x", folder))

    assert document["valid"] is False
    assert document["violations"][1]["rule"] == "key-vault-limit-sku"
    assert document["violations"][1]["value"] == "gold"
    assert "hunter2" not in str(document)


def test_sarif_points_at_the_lines(folder: Path) -> None:
    text = report.to_sarif(report.check_stack("x", folder))
    (run,) = json.loads(text)["runs"]
    places = [item["locations"][0]["physicalLocation"] for item in run["results"]]

    assert [place["region"]["startLine"] for place in places] == [7, 6, 9]
    assert places[0]["artifactLocation"]["uri"] == "stacks/Pulumi.x.yaml"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} >= {"key-vault-limit-sku"}
    assert [item["level"] for item in run["results"]] == ["error"] * 3
    assert "hunter2" not in text


def test_valid_stack_has_no_violations(folder: Path) -> None:
    (folder / "Pulumi.ok.yaml").write_text(TEXT.partition("  ml-workspace:keyVault")[0], encoding="utf-8")

    assert report.as_json(report.check_stack("ok", folder))["valid"] is True
    assert json.loads(report.to_sarif(report.check_stack("ok", folder)))["runs"][0]["results"] == []


def test_what_is_only_audited_is_a_warning_and_refuses_nothing(folder: Path) -> None:
    text = TEXT.partition("  ml-workspace:keyVault")[0] + "  ml-workspace:environment: prod\n"
    (folder / "Pulumi.prod.yaml").write_text(text, encoding="utf-8")

    result = report.check_stack("prod", folder)

    (warning,) = result.warnings
    assert result.violations == ()
    assert (warning.rule, warning.key) == (
        "key-vault-require-purge-protection",
        "ml-workspace:keyVault.enablePurgeProtection",
    )
    assert "in stacks/Pulumi.prod.yaml" in warning.message
    assert "assignment 'production-advice' at resource group 'rg-*-prod-*'" in warning.message
    document = report.as_json(result)
    assert document["valid"] is True
    assert [found["rule"] for found in document["warnings"]] == ["key-vault-require-purge-protection"]
    (run,) = json.loads(report.to_sarif(result))["runs"]
    assert [(found["ruleId"], found["level"]) for found in run["results"]] == [(warning.rule, "warning")]


def test_rule_is_explained_and_an_unknown_one_names_the_near_ones() -> None:
    text = report.explain("key-vault-limit-retention").as_text()

    assert "7 to 90 days" in text
    assert "Source:     T5" in text
    with pytest.raises(report.UnknownRuleError, match="key-vault-limit-sku"):
        report.explain("vault-limit")


def test_rule_of_the_stack_as_a_whole_is_explained() -> None:
    assert "GUID" in report.explain("subscription-require-guid").as_text()
