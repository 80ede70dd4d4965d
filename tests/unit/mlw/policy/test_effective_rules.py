"""`mlw policy effective`: which rules hold for which resource, and which scope brought them."""

import datetime as dt
import json

import pytest

from infra.clients.state import stack_states
from infra.rules.policy.assignments_file import parse_assignments
from mlw.main import main
from mlw.policy.effective_rules import audited, effective_rules
from mlw.policy.report import check_stack
from mlw.policy.show_effective import as_json, render
from tests.unit.states import GOLDEN, VALID, Place, resource_id

ASSIGNMENTS = """
initiatives:
  tagging:
    parameters:
      required: {owner: {}, cost-center: {pattern: "[0-9]+"}}
    rules:
      - rule: tags-resource-require-tags
        parameters: {tags: "${required}"}
managementGroups:
  - name: organization
    assignments:
      - {name: tagging, initiative: tagging}
    subscriptions:
      - id: "00000000-0000-0000-0000-000000000000"
        assignments:
          - {name: skus, rule: resource-limit-skus, parameters: {allowedSkus: {keyVault: [standard]}}}
        resourceGroups:
          - name: "rg-churn-*"
            assignments:
              - {name: advice, rule: key-vault-require-purge-protection, effect: audit}
exemptions:
  - name: old-vault
    assignment: skus
    resource: "*/vaults/*"
    expires: 2030-01-31
    reason: moves next year
"""
TODAY = dt.date(2030, 1, 31)


@pytest.fixture
def churn(place: Place) -> Place:
    place.configure("churn")
    return place


def _effective(place: Place, today: dt.date = TODAY) -> list[dict[str, object]]:
    known = parse_assignments(ASSIGNMENTS, file="a.yaml")
    return as_json(effective_rules("churn", place.stacks, assignments=known, today=today))


def test_every_resource_is_shown_with_its_rules_and_their_scopes(churn: Place) -> None:
    known = parse_assignments(ASSIGNMENTS, file="a.yaml")
    found = effective_rules("churn", churn.stacks, assignments=known, today=TODAY)

    assert render(found) + "\n" == (GOLDEN / "effective.txt").read_text(encoding="utf-8")


def test_a_rule_holds_only_for_the_types_that_it_judges(churn: Place) -> None:
    rows = {str(row["section"]): [rule["rule"] for rule in row["rules"]] for row in _effective(churn)}  # type: ignore[attr-defined]

    assert [section for section, rules in rows.items() if "key-vault-require-purge-protection" in rules] == ["keyVault"]


@pytest.mark.parametrize(
    ("today", "is_exempt"),
    [(TODAY, True), (TODAY + dt.timedelta(days=1), False)],
    ids=["last day", "day after"],
)
def test_an_exemption_is_shown_until_its_last_day(churn: Place, today: dt.date, is_exempt: bool) -> None:  # noqa: FBT001
    (vault,) = [row for row in _effective(churn, today) if row["section"] == "keyVault"]
    (rule,) = [rule for rule in vault["rules"] if rule["assignment"] == "skus"]  # type: ignore[attr-defined]

    expected = {"name": "old-vault", "expires": "2030-01-31", "reason": "moves next year"}
    assert rule["exemption"] == (expected if is_exempt else None)


@pytest.mark.parametrize(
    ("exempt", "settings", "warned"),
    [
        ("skus", VALID, ["ml-workspace:keyVault.enablePurgeProtection"]),
        ("advice", VALID, []),
        ("skus", f"{VALID}  ml-workspace:keyVault: {{existing: {resource_id('fraud', 'keyVault')}}}\n", []),
    ],
    ids=["broken", "exempt", "another stack's"],
)
def test_an_audited_rule_warns_unless_the_resource_is_exempt_or_another_stacks(
    place: Place, exempt: str, settings: str, warned: list[str]
) -> None:
    place.deploy("fraud")
    place.configure("churn", settings)
    known = parse_assignments(ASSIGNMENTS.replace("assignment: skus", f"assignment: {exempt}"), file="a.yaml")
    deployed = stack_states.deployed(project="ml-workspace", except_stack="churn")

    found = effective_rules("churn", place.stacks, deployed, assignments=known, today=TODAY)

    assert [violation.key for violation in audited(found)] == warned


TWICE = """
managementGroups:
  - name: organization
    assignments:
      - {name: must, rule: key-vault-require-purge-protection, effect: %s}
      - {name: advice, rule: key-vault-require-purge-protection, effect: audit}
      - {name: eu, rule: location-resource-limit-allowed, effect: audit, parameters: {allowedLocations: [northeurope]}}
exemptions: [%s]
"""
EXEMPT = '{name: one, assignment: must, resource: "*/vaults/*", expires: 2999-01-31, reason: moves}'


@pytest.mark.parametrize(
    ("effect", "exemption", "violations", "warned"),
    [
        ("deny", "", ["keyVault.enablePurgeProtection"], ["location"]),
        ("disabled", "", [], ["location", "keyVault.enablePurgeProtection"]),
        ("deny", EXEMPT, [], ["location"]),
    ],
    ids=["refused and advised", "advised", "exempt"],
)
def test_a_finding_is_told_once_at_its_strongest_effect_where_it_is_written(
    churn: Place,
    monkeypatch: pytest.MonkeyPatch,
    *,
    effect: str,
    exemption: str,
    violations: list[str],
    warned: list[str],
) -> None:
    known = parse_assignments(TWICE % (effect, exemption), file="a.yaml")
    monkeypatch.setattr("infra.settings.loader.read_assignments", lambda: known)

    result = check_stack("churn", churn.stacks)

    assert [found.key for found in result.violations] == [f"ml-workspace:{key}" for key in violations]
    assert [found.key for found in result.warnings] == [f"ml-workspace:{key}" for key in warned]


def test_a_resource_of_another_stack_says_whose_it_is(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.deploy("fraud")
    reference = resource_id("fraud", "keyVault")
    place.configure("churn", f"{VALID}  ml-workspace:keyVault: {{existing: {reference}}}\n")

    assert main(["policy", "effective", "churn"]) == 0

    assert "key vault 'kv-fraud' (ml-workspace:keyVault, of stack 'fraud')" in capsys.readouterr().out


def test_json_of_the_command_has_every_resource(churn: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "effective", "churn", "--json"]) == 0

    rows = json.loads(capsys.readouterr().out)
    assert [row["section"] for row in rows] == [
        "resourceGroup",
        "storageAccount",
        "containerRegistry",
        "keyVault",
        "applicationInsights",
        "workspace",
    ]
    assert all(row["resourceId"].startswith("/subscriptions/") for row in rows)
    assert {rule["effect"] for row in rows for rule in row["rules"]} == {"deny", "audit", "modify", "disabled"}


def test_an_unknown_stack_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "effective", "nope"]) == 2
    assert "Stacks: none." in capsys.readouterr().err
