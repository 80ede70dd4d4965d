from dataclasses import replace

import pytest

from infra.rules.names.name_changes import changed_component
from infra.rules.names.name_rules import NAME_RULES, ResourceKind
from infra.rules.names.naming import NamingComponents, make_name

NOW = NamingComponents(workload="churn", environment="dev", location="westeurope", instance="001")
THEN = {"workload": "fraud", "environment": "prod", "location": "northeurope", "instance": "042"}


@pytest.mark.parametrize("component", THEN)
@pytest.mark.parametrize("kind", NAME_RULES, ids=str)
def test_the_one_component_that_changed_is_found_with_its_old_value(kind: ResourceKind, component: str) -> None:
    before = make_name(kind, replace(NOW, **{component: THEN[component]}))

    assert changed_component(kind, NOW, before) == (component, THEN[component])


@pytest.mark.parametrize("before", ["kv-mine", "kv-fraud-prod-we-001", ""], ids=["own", "two changed", "none"])
def test_a_name_that_no_single_component_explains_has_none(before: str) -> None:
    assert changed_component(ResourceKind.KEY_VAULT, NOW, before) is None


def test_an_unchanged_name_has_none() -> None:
    assert changed_component(ResourceKind.KEY_VAULT, NOW, make_name(ResourceKind.KEY_VAULT, NOW)) is None
