"""Which rules apply to a resource: by scope and type, without exemptions."""

import datetime as dt

import pytest

from infra.rules.policy.assignments_file import parse_assignments
from infra.rules.policy.evaluation import Evaluator
from infra.rules.policy.policy_assignments import Effect
from infra.rules.policy.rule import ResourceView
from infra.rules.resources.component_types import KEY_VAULT, WORKSPACE
from infra.rules.resources.key_vault import limit_sku

ASSIGNMENTS = parse_assignments(
    """
managementGroups:
  - name: root
    assignments:
      - {name: everywhere, rule: key-vault-limit-sku}
    subscriptions:
      - id: "1111"
        resourceGroups:
          - name: rg-prod
            assignments:
              - {name: advice, rule: key-vault-require-purge-protection, effect: audit}
exemptions:
  - {name: pilot, assignment: everywhere, resource: "*/vaults/kv-pilot", expires: 2027-01-31, reason: moves}
""",
    file="x",
)
LAST_DAY = dt.date(2027, 1, 31)


def vault(name: str) -> ResourceView:
    identity = f"/subscriptions/1111/resourceGroups/rg-prod/providers/Microsoft.KeyVault/vaults/{name}"
    return ResourceView(KEY_VAULT, {"name": name, "sku": "gold", "resourceId": identity})


def evaluator(today: dt.date = LAST_DAY) -> Evaluator:
    return Evaluator(ASSIGNMENTS, today=lambda: today)


@pytest.mark.parametrize(
    ("scope", "assignments"),
    [(("1111", "rg-prod"), ["everywhere", "advice"]), (("1111", "rg-dev"), ["everywhere"]), (("", ""), ["everywhere"])],
    ids=["production", "another group", "unknown"],
)
def test_assignments_of_the_scope_and_its_parents_apply(scope: tuple[str, str], assignments: list[str]) -> None:
    found = evaluator().rules(vault("kv-churn"), scope)

    assert [rule.assigned.assignment for rule in found] == assignments


def test_a_rule_applies_only_to_the_types_that_it_judges() -> None:
    assert evaluator().rules(ResourceView(WORKSPACE, {}), ("1111", "rg-prod")) == []


def test_one_rule_can_be_requested() -> None:
    found = evaluator().rules(vault("kv-churn"), ("1111", "rg-prod"), only=limit_sku)

    assert [rule.rule for rule in found] == [limit_sku]


@pytest.mark.parametrize(
    ("day", "effect"),
    [(LAST_DAY, Effect.DISABLED), (LAST_DAY + dt.timedelta(days=1), Effect.DENY)],
    ids=["last day", "day after"],
)
def test_an_exempt_rule_is_listed_without_an_effect_until_the_last_day(day: dt.date, effect: Effect) -> None:
    (rule,) = evaluator(day).rules(vault("kv-pilot"), ("1111", "rg-dev"))

    assert rule.effect is effect
    assert (rule.exemption is not None) == (effect is Effect.DISABLED)


def test_a_violation_names_its_rule_and_its_assignment() -> None:
    (rule,) = evaluator().rules(vault("kv-churn"), ("1111", "rg-dev"))

    (violation,) = rule.check(vault("kv-churn"))

    assert violation.message.endswith("[key-vault-limit-sku, assignment 'everywhere' at management group 'root']")
