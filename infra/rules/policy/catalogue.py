"""All rules for single resources. Each is declared with its check, in a module listed here.

Rules for a whole stack are listed in `infra.rules.stack.stack_rules`; the policy pack does not load them.
"""

from __future__ import annotations

from infra.rules.names import resource_names
from infra.rules.policy.rule import Rule, declared_in
from infra.rules.resources import (
    application_insights,
    blob_service,
    container_registry,
    key_vault,
    location,
    required_properties,
    storage_account,
    types_and_skus,
    workspace,
)
from infra.rules.tags import required_tags, tag_inheritance, tag_limits

_MODULES = (
    resource_names,
    location,
    types_and_skus,
    required_properties,
    storage_account,
    blob_service,
    container_registry,
    key_vault,
    application_insights,
    workspace,
    tag_inheritance,
    required_tags,
    tag_limits,
)

RULES: dict[str, Rule] = {rule.id: rule for rule in sorted(declared_in(_MODULES, Rule), key=lambda rule: rule.id)}
"""Every rule by id."""
