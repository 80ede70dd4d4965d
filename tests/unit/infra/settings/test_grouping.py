"""An invalid key of the stack file is reported once, even if many resources inherit its value."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from infra.rules.policy.assignments_file import parse_assignments
from infra.rules.policy.policy_assignments import Assignments, Effect
from infra.rules.stack.locked_changes import AcceptedStack
from infra.rules.stack.stack_changes import resource_key
from infra.rules.violation import ConfigurationError, Violation
from infra.settings import load
from infra.settings.config_reading import read
from infra.settings.grouping import group
from infra.settings.loader import evaluator
from infra.settings.resolving import resolve
from infra.settings.stack_checks import check_rules

TAGS = {"owner": "ml@example.org", "cost-center": "4711", "project": "fraud"}
OTHER = "0f8fad5b-d9cb-469f-a165-70867728950e"


def config(**keys: object) -> dict[str, str]:
    values: dict[str, object] = {"workload": "fraud", "tags": TAGS, **keys}
    return {f"ml-workspace:{key}": v if isinstance(v, str) else json.dumps(v) for key, v in values.items()}


def deployed_as(**keys: object) -> AcceptedStack:
    """The evaluation of a stack with these settings."""
    resolved = resolve(read(config(**keys)).input, evaluator())
    resources = {
        resource_key(one.type_token, one.props): {"type": one.type_token, "properties": one.props}
        for one in resolved.owned
    }
    return AcceptedStack(resources=resources)


def refused(before: AcceptedStack | None, **keys: object) -> list[Violation]:
    with pytest.raises(ConfigurationError) as refusal:
        load(config(**keys), stack="fraud", accepted=before)
    return list(refusal.value.violations)


def advised(assignments: Assignments, **keys: object) -> list[Violation]:
    stack = resolve(read(config(**keys)).input, evaluator(assignments))
    return group(check_rules(stack, Effect.AUDIT), stack)


NAMES = {"rg-fraud-dev-westeurope-001", "stfrauddevwesteurope001", "crfrauddevwesteurope001", "kv-fraud-dev-we-001"}


@pytest.mark.parametrize(
    ("changed", "key", "was"),
    [
        ({"workload": "scam"}, "workload", "fraud"),
        ({"environment": "test"}, "environment", "dev"),
        ({"instance": "002"}, "instance", "001"),
        ({"location": "northeurope"}, "location", "westeurope"),
        ({"subscription": OTHER}, "subscription", "00000000-0000-0000-0000-000000000000"),
        ({"resourceGroup": {"name": "rg-other"}}, "resourceGroup.name", "rg-fraud-dev-westeurope-001"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_change_of_all_names_or_ids_is_one_violation_with_every_resource(
    changed: Mapping[str, object], key: str, was: str
) -> None:
    (violation,) = refused(deployed_as(), **changed)

    assert violation.key == f"ml-workspace:{key}"
    assert violation.allowed == f"'{was}'"
    assert f"set it back to '{was}'; if its data may be lost, add 'rg-fraud" in violation.message
    assert set(violation.resources) >= NAMES


def test_a_changed_location_that_no_name_contains_is_one_violation() -> None:
    names = {
        section: {"name": name}
        for section, name in {
            "resourceGroup": "rg-one",
            "storageAccount": "stone1",
            "containerRegistry": "crone1",
            "keyVault": "kv-one",
            "applicationInsights": "appi-one",
            "workspace": "mlw-one",
        }.items()
    }

    (violation,) = refused(deployed_as(**names), **names, location="northeurope")

    assert violation.key == "ml-workspace:location"
    assert len(violation.resources) == len(names)


def test_a_changed_location_of_one_resource_stays_its_own() -> None:
    (violation,) = refused(deployed_as(), keyVault={"location": "northeurope"})

    assert violation.key == "ml-workspace:keyVault.location"
    assert violation.resources == ("kv-fraud-dev-we-001",)


def test_a_renamed_key_vault_is_reported_once_and_not_for_the_workspace_too() -> None:
    (violation,) = refused(deployed_as(), keyVault={"name": "kv-other"})

    assert violation.key == "ml-workspace:keyVault.name"
    assert violation.resources == ("kv-fraud-dev-we-001", "mlw-fraud-dev-westeurope-001")


def test_two_changed_components_are_one_violation() -> None:
    (violation,) = refused(deployed_as(), workload="scam", environment="test")

    assert violation.key == "ml-workspace:workload"
    assert set(violation.resources) >= NAMES


def test_a_workload_too_long_for_several_names_is_one_violation_with_one_that_fits() -> None:
    (violation,) = refused(None, workload="abcdefghijklmnopqrstuvwxyz")

    assert violation.key == "ml-workspace:workload"
    assert "'ml-workspace:keyVault.name' to e.g. 'kv-abcdefghij-dev-we-001'" in violation.fix
    proposal = violation.fix.partition("e.g. '")[2].partition("'")[0]
    assert load(config(workload=proposal), stack="fraud").workload == proposal


RULES = """
managementGroups:
  - name: organization
    assignments:
      - {name: eu, rule: location-resource-limit-allowed, effect: %(effect)s,
         parameters: {allowedLocations: [northeurope]}}
      - {name: eu-again, rule: location-resource-limit-allowed, effect: %(effect)s,
         parameters: {allowedLocations: [northeurope]}}
      - {name: names, rule: naming-resource-require-pattern, effect: %(effect)s,
         parameters: {patterns: {keyVault: "kv-churn.*", storageAccount: "stchurn.*"}}}
      - {name: tags, rule: tags-resource-require-tags, effect: %(effect)s, parameters: {tags: {team: {}}}}
      - {name: values, rule: tags-resource-require-legal-value, effect: %(effect)s}
exemptions: [%(exemption)s]
"""
TOLD = ["location", "workload", "tags.team"]


def rules(effect: str, exemption: str = "") -> Assignments:
    return parse_assignments(RULES % {"effect": effect, "exemption": exemption}, file="a.yaml")


def keys_of(violations: list[Violation]) -> list[str]:
    return sorted(violation.key.removeprefix("ml-workspace:") for violation in violations)


def test_inherited_denials_are_reported_once_at_their_key() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load(config(location="westeurope"), stack="fraud", assignments=rules("deny"))

    assert keys_of(list(refusal.value.violations)) == sorted(TOLD)


def test_inherited_advice_is_reported_once_at_its_key() -> None:
    assert keys_of(advised(rules("audit"))) == sorted(TOLD)


def test_advice_about_one_name_is_reported_at_the_name() -> None:
    found = advised(rules("audit"), storageAccount={"name": "stchurnone"}, location="northeurope")

    assert keys_of(found) == ["keyVault.name", "tags.team"]


@pytest.mark.parametrize(("resource", "told"), [("*", []), ("*/vaults/*", ["location"])], ids=["all", "one of them"])
def test_violations_that_every_resource_is_exempt_from_are_not_reported(resource: str, told: list[str]) -> None:
    exemption = f'{{name: x, assignment: eu, resource: "{resource}", expires: 2999-01-31, reason: moves}}'

    found = advised(rules("audit", exemption))

    assert [key for key in keys_of(found) if key == "location"] == told
