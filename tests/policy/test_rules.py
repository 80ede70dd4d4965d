"""Every rule passes, fails, and skips: one table of cases, one test for each behaviour."""

import datetime as dt
from collections.abc import Mapping

import pytest
from pulumi_policy.proxy import UnknownValueError

from infra.rules.policy.catalogue import RULES
from infra.rules.policy.policy_assignments import Effect, Exemption
from infra.rules.resources import component_types as r
from infra.rules.resources.component_types import COMPONENT_TYPES
from tests.policy.cases import CASES, COMPLIANT, GROUP
from tests.policy.evaluating import assigned, evaluate, registered

# Checked by the settings; nothing to evaluate in a resource.
MODIFYING = {"tags-resource-inherit-tags"}

rules = pytest.mark.parametrize("rule_id", sorted(CASES))


def messages(
    rule_id: str, *, broken: bool, effect: Effect = Effect.DENY, exemptions: tuple[Exemption, ...] = ()
) -> list[str]:
    case = CASES[rule_id]
    props = COMPLIANT[case.type_token] | (dict(case.broken) if broken else {})
    assignments = assigned(rule_id, parameters=case.parameters, exemptions=exemptions)
    return evaluate(
        RULES[rule_id], case.type_token, props, assignments=assignments, effect=effect, group=_group(case.type_token)
    )


def _group(type_token: str) -> Mapping[str, object] | None:
    """The resource group that is registered before a resource."""
    return None if type_token == r.RESOURCE_GROUP else COMPLIANT[r.RESOURCE_GROUP]


def test_every_rule_has_a_case() -> None:
    assert set(CASES) | MODIFYING == set(RULES)


@rules
def test_compliant_resource_passes(rule_id: str) -> None:
    assert (messages(rule_id, broken=False) == []) == CASES[rule_id].compliant


@rules
def test_violation_names_rule_assignment_scope_resource_and_fix(rule_id: str) -> None:
    found = messages(rule_id, broken=True)

    assert found
    assert any(CASES[rule_id].says in message for message in found)
    for message in found:
        assert f"[{rule_id}, assignment 'test' at management group 'root']" in message
        assert message.startswith(str(COMPONENT_TYPES[CASES[rule_id].type_token].kind))
        assert "to fix it: " in message
        assert "hunter2" not in message


@rules
def test_resource_of_another_type_is_not_evaluated(rule_id: str) -> None:
    rule = RULES[rule_id]
    others = ["docker:index/container:Container", *(set(COMPONENT_TYPES) - set(rule.applies_to))]

    for type_token in others:
        assert evaluate(rule, type_token, dict(CASES[rule_id].broken), assignments=assigned(rule_id)) == []


@rules
def test_missing_property_breaks_only_the_rule_that_requires_it(rule_id: str) -> None:
    case = CASES[rule_id]
    props = {key: value for key, value in COMPLIANT[case.type_token].items() if key != case.reads}

    found = evaluate(RULES[rule_id], case.type_token, props, assignments=assigned(rule_id))

    assert (found != []) == (rule_id == "resource-require-properties")


@pytest.mark.parametrize("rule_id", sorted(rule_id for rule_id, case in CASES.items() if case.reads))
def test_unknown_property_leaves_the_decision_to_the_update(rule_id: str) -> None:
    case = CASES[rule_id]
    props = COMPLIANT[case.type_token] | dict(case.broken)

    with pytest.raises(UnknownValueError):
        evaluate(
            RULES[rule_id], case.type_token, props,
            assignments=assigned(rule_id, parameters=case.parameters), unknown=[case.reads],
            group=_group(case.type_token),
        )  # fmt: skip


@rules
def test_rule_assigned_with_another_effect_does_not_deny(rule_id: str) -> None:
    assert messages(rule_id, broken=True, effect=Effect.AUDIT) == []


@rules
def test_exempt_resource_passes_until_the_exemption_ends(rule_id: str) -> None:
    def exemption(expires: dt.date, resource: str = f"{GROUP}*") -> tuple[Exemption, ...]:
        return (
            Exemption(
                name="pilot",
                assignment="test",
                rules=(rule_id,),
                resource=resource.upper(),
                expires=expires,
                reason="x",
            ),
        )

    assert messages(rule_id, broken=True, exemptions=exemption(dt.date(2027, 1, 1))) == []
    assert messages(rule_id, broken=True, exemptions=exemption(dt.date(2026, 12, 31))) != []
    assert messages(rule_id, broken=True, exemptions=exemption(dt.date(2027, 1, 1), "/subscriptions/other/*")) != []


def test_required_tag_has_a_pattern_and_allowed_values() -> None:
    rule = RULES["tags-resource-require-tags"]
    demands = {"tags": {"cost-center": {"pattern": "[0-9]{5}"}, "project": {"allowedValues": ["fraud"]}}}

    found = evaluate(
        rule, "ml-workspace:keyvault:KeyVault", COMPLIANT["ml-workspace:keyvault:KeyVault"],
        assignments=assigned(rule.id, parameters=demands),
    )  # fmt: skip

    assert "[0-9]{5}" in found[0]
    assert "allowed: fraud" in found[1]


def test_resource_without_a_readable_id_gets_the_root_assignments() -> None:
    rule = RULES["key-vault-limit-sku"]

    assert evaluate(rule, "ml-workspace:keyvault:KeyVault", {"sku": "x"}, assignments=assigned(rule.id)) != []


def test_group_seen_first_determines_the_location_of_its_resources() -> None:
    rule = RULES["location-resource-require-same-as-group"]
    resources = registered(assigned(rule.id))
    elsewhere = COMPLIANT[r.KEY_VAULT] | {"location": "North Europe"}
    other_group = elsewhere | {"resourceId": str(elsewhere["resourceId"]).replace("rg-churn-dev-001", "rg-other")}

    def found(type_token: str, props: Mapping[str, object]) -> list[str]:
        return list(resources.messages(rule, Effect.DENY, type_token, props))

    assert found(r.KEY_VAULT, elsewhere) == []
    assert found(r.RESOURCE_GROUP, COMPLIANT[r.RESOURCE_GROUP]) == []
    assert ["its resource group is in westeurope" in message for message in found(r.KEY_VAULT, elsewhere)] == [True]
    assert found(r.KEY_VAULT, COMPLIANT[r.KEY_VAULT] | {"location": "West Europe"}) == []
    assert found(r.KEY_VAULT, other_group) == []
