"""Scopes, inheritance and exemptions of the assignments file; every mistake in the file is an error."""

import pytest

from infra.rules.policy.assignments_file import AssignmentsError, parse_assignments
from infra.rules.policy.policy_assignments import Effect

TREE = """
initiatives:
  base:
    parameters: {days: 7}
    rules:
      - rule: storage-account-require-soft-delete
        parameters: {minimumDays: "${days}"}
      - {rule: key-vault-limit-sku, effect: audit}
managementGroups:
  - name: organization
    assignments:
      - {name: base, initiative: base}
    managementGroups:
      - name: production
        assignments:
          - {name: strict, initiative: base, parameters: {days: 30}}
        subscriptions:
          - id: 0f8fad5b-*
            tags: {env: prod}
            resourceGroups:
              - name: rg-bank-*
                assignments:
                  - {name: bank, rule: workspace-limit-sku}
      - name: sandbox
        assignments:
          - {name: free, rule: resource-limit-skus}
        subscriptions:
          - id: "1111*"
"""


def names(subscription: str, group: str) -> list[str]:
    rows = parse_assignments(TREE, file="x").effective(subscription, group)
    return list(dict.fromkeys(row.assignment for row in rows))


def test_assignments_are_inherited_downwards_and_add_up() -> None:
    assert names("other", "rg") == ["base"]
    assert names("0F8FAD5B-1", "rg") == ["base", "strict"]
    assert names("0f8fad5b-1", "RG-Bank-1") == ["base", "strict", "bank"]
    assert names("1111", "rg-bank-1") == ["base", "free"]


def test_parameters_come_from_the_assignment_then_the_initiative_then_the_rule() -> None:
    rows = parse_assignments(TREE, file="x").effective("0f8fad5b-1", "rg-bank-1")
    days = [row.parameters["minimumDays"] for row in rows if row.rule == "storage-account-require-soft-delete"]

    assert days == [7, 30]
    assert [row.effect for row in rows if row.rule == "key-vault-limit-sku"] == [Effect.AUDIT, Effect.AUDIT]
    assert [row.scope for row in rows][-1] == "resource group 'rg-bank-*'"
    assert next(row.parameters for row in rows if row.rule == "workspace-limit-sku") == {}


def test_subscription_has_tags() -> None:
    assert parse_assignments(TREE, file="x").subscription_tags("0f8fad5b-1") == {"env": "prod"}
    assert parse_assignments(TREE, file="x").subscription_tags("other") == {}


BROKEN = {
    "no yaml": ("a: [", "not valid YAML"),
    "unknown key of an initiative": (
        "initiatives: {a: {rule: []}}\nmanagementGroups: [{name: b, assignments: [{name: c, initiative: a}]}]",
        "initiative 'a': unknown key 'rule'; allowed: parameters, rules",
    ),
    "unknown top key": ("policies: {}", "unknown key 'policies'"),
    "unknown rule": ("managementGroups: [{name: a, assignments: [{name: b, rule: key-vault-sku}]}]", "unknown rule"),
    "unknown effect": (
        "managementGroups: [{name: a, assignments: [{name: b, rule: key-vault-limit-sku, effect: block}]}]",
        "unknown effect 'block'; allowed: deny, audit, modify, disabled",
    ),
    "unknown parameter": (
        "managementGroups: [{name: a, assignments: [{name: b, rule: key-vault-limit-sku, parameters: {skus: []}}]}]",
        "has no parameter skus",
    ),
    "unknown initiative": (
        "managementGroups: [{name: a, assignments: [{name: b, initiative: c}]}]",
        "unknown initiative 'c'",
    ),
    "unknown initiative parameter": (
        "initiatives: {c: {rules: []}}\n"
        "managementGroups: [{name: a, assignments: [{name: b, initiative: c, parameters: {d: 1}}]}]",
        "no parameter 'd'",
    ),
    "parameter that nobody sets": (
        "initiatives: {c: {rules: [{rule: resource-limit-skus, parameters: {allowedSkus: '${x}'}}]}}\n"
        "managementGroups: [{name: a, assignments: [{name: b, initiative: c}]}]",
        "no parameter 'x'",
    ),
    "assignment twice": (
        "managementGroups: [{name: a, assignments: "
        "[{name: b, rule: key-vault-limit-sku}, {name: b, rule: key-vault-limit-sku}]}]",
        "needs a unique 'name'",
    ),
    "group without a name": ("managementGroups: [{assignments: []}]", "a management group has no 'name'"),
    "unknown scope key": ("managementGroups: [{name: a, resourceGroups: []}]", "unknown key 'resourceGroups'"),
    "exemption without end": (
        "exemptions: [{name: e, assignment: a, resource: x, reason: y}]",
        "expires missing",
    ),
    "exemption without reason": (
        "exemptions: [{name: e, assignment: a, resource: x, expires: 2027-01-01}]",
        "reason missing",
    ),
    "exemption with no date": (
        "exemptions: [{name: e, assignment: a, resource: x, expires: soon, reason: y}]",
        "allowed: a date",
    ),
    "exemption of an unknown assignment": (
        "exemptions: [{name: e, assignment: a, resource: x, expires: 2027-01-01, reason: y}]",
        "unknown assignment 'a'",
    ),
}


def assigned(beside: str) -> str:
    return f"managementGroups: [{{name: a, assignments: [{{name: b, rule: tags-resource-require-tags, {beside}}}]}}]"


@pytest.mark.parametrize(("text", "cause"), BROKEN.values(), ids=BROKEN.keys())
def test_mistake_in_the_file_is_an_error_that_names_it(text: str, cause: str) -> None:
    with pytest.raises(AssignmentsError, match=r"reading policies/x\.yaml") as caught:
        parse_assignments(text, file="policies/x.yaml")

    assert cause in str(caught.value)


def test_all_mistakes_are_reported_together() -> None:
    with pytest.raises(AssignmentsError, match="2 problems"):
        parse_assignments("a: 1\nb: 2", file="x")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file is empty, so no rule would apply"),
        ("just text", "the file: found 'just text'; allowed: a mapping"),
        ("managementGroups: {name: a}", "managementGroups: found {'name': 'a'}; allowed: a list"),
        ("managementGroups: [a]", "managementGroups[0]: found 'a'; allowed: a mapping"),
        (assigned("parameters: 7"), "assignment 'b', rule 'tags-resource-require-tags', parameters: found 7"),
        (assigned("parameters: {tags: [owner]}"), "the rule needs 'tags' as a mapping"),
        (assigned("parameters: {tags: }"), "the rule needs 'tags' as a mapping"),
        (assigned("parameters: {tags: {owner: required}}"), "'owner': found 'required'; allowed: a mapping"),
        (
            assigned("parameters: {tags: {owner: {pattern: '['}}}"),
            "the pattern of 'owner' is not a valid regular expression",
        ),
        ("exemptions: [x]", "exemptions[0]: found 'x'; allowed: a mapping"),
    ],
    ids=["empty", "text", "groups", "group", "parameters", "list of tags", "no tags", "demand", "pattern", "exemption"],
)
def test_value_of_a_wrong_type_is_reported_since_it_would_switch_rules_off(text: str, problem: str) -> None:
    with pytest.raises(AssignmentsError, match=r"^reading x: 1 problem\n  ") as caught:
        parse_assignments(text, file="x")

    assert problem in str(caught.value)
