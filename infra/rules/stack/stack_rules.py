"""All rules for a whole stack. Each is declared with its check, in a module listed here.

They always apply and need no assignment: a stack that breaks one can't be deployed.
"""

from __future__ import annotations

from infra.rules.computes import attached_rules, compute_rules, instance_rules, start_stop_schedules
from infra.rules.datastores import external_datastores, registered_datastores, shared_containers
from infra.rules.names import naming_components, resource_names, uniqueness
from infra.rules.policy.rule import StackRule, declared_in
from infra.rules.resources import (
    changes,
    inference,
    key_vault,
    management_locks,
    resource_ids,
    service_limits,
    tracking,
)
from infra.rules.roles import role_assignments, role_definition_files
from infra.rules.stack import (
    deployed_resources,
    expiry,
    host_settings,
    locked_changes,
    soft_delete,
    stack_changes,
    stack_file_keys,
)

_MODULES = (
    stack_file_keys,
    naming_components,
    resource_ids,
    uniqueness,
    resource_names,
    registered_datastores,
    external_datastores,
    shared_containers,
    deployed_resources,
    host_settings,
    service_limits,
    role_assignments,
    role_definition_files,
    changes,
    key_vault,
    stack_changes,
    management_locks,
    locked_changes,
    expiry,
    soft_delete,
    tracking,
    inference,
    compute_rules,
    instance_rules,
    start_stop_schedules,
    attached_rules,
)

STACK_RULES: dict[str, str] = {str(rule): rule.summary for rule in declared_in(_MODULES, StackRule)}
"""Summary of each rule, by id."""
