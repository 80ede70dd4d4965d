"""The pack reports at the key that must change, as `mlw policy check` does; advice is reported once."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from infra.rules.policy.catalogue import RULES
from infra.rules.policy.evaluation import Evaluator
from infra.rules.policy.policy_assignments import Effect
from infra.rules.resources import component_types as r
from policies.registered_resources import RegisteredResources
from policies.stack_keys import StackKeys
from tests.policy.cases import COMPLIANT
from tests.policy.evaluating import TODAY, assigned

LOCATION, PATTERN, TAGS = (
    "location-resource-limit-allowed",
    "naming-resource-require-pattern",
    "tags-resource-require-tags",
)
PARAMETERS: dict[str, dict[str, object]] = {
    LOCATION: {"allowedLocations": ["northeurope"]},
    PATTERN: {"patterns": {"keyVault": "kv-x.*", "storageAccount": "stx.*"}},
    TAGS: {"tags": {"team": {}}},
}


def told(rule: str, config: Mapping[str, object] | None = None, *, effect: Effect = Effect.AUDIT) -> list[str]:
    """The pack's messages while all resources of a stack with this configuration are registered."""
    values: dict[str, object] = {} if config is None else {"workload": "churn", **config}
    keys = StackKeys()
    keys.read(
        {f"ml-workspace:{key}": v if isinstance(v, str) else json.dumps(v) for key, v in values.items()}, stack="churn"
    )
    assignments = assigned(rule, effect=effect, parameters=PARAMETERS[rule])
    resources = RegisteredResources(Evaluator(assignments, today=lambda: TODAY), keys)
    return [
        message
        for type_token, props in COMPLIANT.items()
        for message in resources.messages(RULES[rule], effect, type_token, props)
    ]


@pytest.mark.parametrize(
    ("rule", "config", "key"),
    [
        (LOCATION, {}, "ml-workspace:location is 'westeurope'"),
        (
            LOCATION,
            {"resourceGroup": {"location": "westeurope"}},
            "ml-workspace:resourceGroup.location is 'westeurope'",
        ),
        (PATTERN, {}, "ml-workspace:workload is 'churn': it gives the storage account name 'stchurn':"),
        (TAGS, {}, "ml-workspace:tags.team: "),
    ],
    ids=["location", "group's location", "names", "tags"],
)
def test_advice_about_an_inherited_value_is_reported_once_at_its_key(
    rule: str, config: dict[str, object], key: str
) -> None:
    (message,) = told(rule, config)

    assert message.startswith(key)
    assert "to fix it in stacks/Pulumi.churn.yaml: " in message


def test_a_resource_with_its_own_key_is_reported_at_that_key() -> None:
    messages = told(LOCATION, {"keyVault": {"location": "westeurope"}})

    keys = [message.partition(" is ")[0] for message in messages]
    assert keys == ["ml-workspace:location", "ml-workspace:keyVault.location"]
    assert "set 'ml-workspace:keyVault.location' to 'northeurope'" in messages[1]


def test_a_denial_is_reported_for_every_resource() -> None:
    assert len(told(LOCATION, {}, effect=Effect.DENY)) == len(COMPLIANT)


def test_resources_of_another_program_are_reported_one_by_one() -> None:
    messages = told(LOCATION)

    assert len(messages) == len(COMPLIANT)
    assert "key vault 'kv-churn': keyVault.location is 'westeurope'" in "\n".join(messages)


def test_an_additional_account_is_reported_at_its_own_entry() -> None:
    keys = StackKeys()
    accounts = [{"name": "stother"}, {"name": "stlake", "location": "westeurope"}]
    config = {"ml-workspace:workload": "churn", "ml-workspace:additionalStorageAccounts": json.dumps(accounts)}
    keys.read(config, stack="churn")
    resources = RegisteredResources(
        Evaluator(assigned(LOCATION, effect=Effect.AUDIT, parameters=PARAMETERS[LOCATION]), today=lambda: TODAY), keys
    )
    props = COMPLIANT[r.STORAGE_ACCOUNT] | {"name": "stlake", "role": "additional"}

    (message,) = resources.messages(RULES[LOCATION], Effect.AUDIT, r.STORAGE_ACCOUNT, props)

    assert message.startswith("ml-workspace:additionalStorageAccounts[1].location is 'westeurope'")
