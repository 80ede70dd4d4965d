"""`load`: validate and complete a stack's configuration, or report all violations together.

All rules are checked here, before anything is registered. Reads only `policies/assignments.yaml`, which assigns the
rules, and the stack's role definitions. The configuration is passed as a mapping, so that this also works without the
engine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from infra.rules.computes import compute_rules
from infra.rules.computes.compute_properties import ComputeProperties
from infra.rules.computes.instance_rules import INSTANCE
from infra.rules.datastores.datastore_properties import DatastoreProperties
from infra.rules.policy.assignments_file import read_assignments
from infra.rules.policy.evaluation import Evaluator
from infra.rules.policy.policy_assignments import Assignments
from infra.rules.resources import component_types, inference, tracking
from infra.rules.resources.inference import InferenceProperties
from infra.rules.resources.management_locks import ManagementLockProperties
from infra.rules.resources.properties import azure_name, with_defaults
from infra.rules.resources.tracking import Services, TrackingProperties, check_removal, optional_services
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.stack.expiry import format_moment, parse_moment
from infra.rules.stack.host_settings import PortRangeProperties
from infra.rules.stack.locked_changes import AcceptedStack, check_locked
from infra.rules.stack.stack_changes import Resources, check_changes, resource_key
from infra.rules.stack.stack_file_keys import check_size
from infra.rules.violation import ConfigurationError, Violation, covers
from infra.settings.compute_settings import judge_computes, roles_of_computes
from infra.settings.config_reading import Reading, read
from infra.settings.configuration_digests import digests
from infra.settings.grouping import group
from infra.settings.models import (
    ComputeSettings,
    DatastoreSettings,
    InferenceSettings,
    ManagementLock,
    PortRange,
    RoleAssignment,
    Settings,
    TrackingSettings,
)
from infra.settings.resolved_stack import ResolvedResource, ResolvedStack
from infra.settings.resolving import resolve
from infra.settings.role_settings import closed_services, judge_roles
from infra.settings.stack_checks import check
from infra.settings.stack_input import Limit, StackInput

STACK_FOLDER = Path("stacks")

_OPTIONAL = {tracking.NAME: "tracking server", inference.NAME: "front of the online endpoints"}
"""Sections that switch a service on, and the service."""


def load(
    config: Mapping[str, str],
    *,
    stack: str,
    deployed: Sequence[Deployed] = (),
    accepted: AcceptedStack | None = None,
    actions: Sequence[str] = (),
    encrypted: Collection[str] = (),
    assignments: Assignments | None = None,
    today: dt.date | None = None,
    folder: Path = STACK_FOLDER,
) -> Settings:
    """The settings of ``stack``.

    Args:
        config: Full keys (`ml-workspace:workload`) with string values; lists and mappings as JSON. Other namespaces are
            ignored.
        stack: The stack's name; messages name its file.
        deployed: Components of the backend's other stacks, to check unique names and existing resources.
        accepted: The stack as of its last update, to reject changes that would lose data or that locks forbid.
        actions: Other requested actions, such as key rotation.
        encrypted: Keys that are encrypted in the stack file; a key covers everything below it.
        assignments: The policy assignments; by default those of this checkout.
        today: The date that exemptions are compared with.
        folder: Folder of the stack files and of the files of role definitions.

    Raises:
        ConfigurationError: The configuration breaks rules; carries all violations.
    """
    reading = read(config, encrypted=encrypted)
    resolved = resolve(reading.input, evaluator(assignments, today), deployed)
    violations = [*check_size(config), *check(reading, resolved, deployed)]
    roles = judge_roles(reading, resolved, folder)
    violations += [*roles.violations, *judge_computes(reading, resolved, roles)]
    before = accepted or AcceptedStack()
    violations += check_changes(
        before.resources, _owned(resolved), allowed=reading.input.allow_replacement, deployed=deployed
    )
    services = _services(reading, resolved, before.services)
    violations += check_removal(before.services, services, allowed=reading.input.allow_replacement)
    if not violations:
        wanted = _settings(reading, resolved, stack, roles.assignments)
        violations = _check_locked(before, wanted, resolved, actions)
        if not violations:
            return wanted
    told = group(violations, resolved, before.resources)
    located = [_located(_without_secret(violation, encrypted), stack) for violation in told]
    raise ConfigurationError(located, stack=stack)


def evaluator(assignments: Assignments | None = None, today: dt.date | None = None) -> Evaluator:
    """The evaluator of assignments; by default those of this checkout, as of today."""
    known = assignments or read_assignments()
    return Evaluator(known, lambda: today) if today else Evaluator(known)


def _check_locked(
    before: AcceptedStack, wanted: Settings, resolved: ResolvedStack, actions: Sequence[str]
) -> list[Violation]:
    if not before.locks:
        return []
    becomes = AcceptedStack(
        resources=_owned(resolved),
        services=wanted.optional_services,
        computes=[compute.name for compute in wanted.computes],
        configuration=digests(wanted) if before.configuration else {},
    )
    return check_locked(before, becomes, allowed=wanted.allow_replacement, actions=actions)


def _services(reading: Reading, resolved: ResolvedStack, before: Services) -> Services:
    workspace = resolved.of_type(component_types.WORKSPACE)[0].name
    # A section with a mistake is still one.
    is_on = {
        section: getattr(reading.input, section) is not None
        or any(covers(f"ml-workspace:{section}", key) for key in reading.unusable)
        for section in _OPTIONAL
    }
    listed = [compute.model_dump() for compute in reading.input.computes]
    instances = [str(entry["name"]) for entry in listed if entry["type"] == INSTANCE and entry["name"]]
    kept = before if any(covers(compute_rules.KEY, key) for key in reading.unusable) else {}
    services = optional_services(
        workspace, tracking=is_on[tracking.NAME], inference_front=is_on[inference.NAME], instances=instances
    )
    return {**kept, **services}


def _owned(resolved: ResolvedStack) -> Resources:
    return {
        resource_key(resource.type_token, resource.props): {"type": resource.type_token, "properties": resource.props}
        for resource in resolved.owned
    }


def _without_secret(violation: Violation, encrypted: Collection[str]) -> Violation:
    """Messages never show an encrypted value, even if its key is not a secret's."""
    return replace(violation, secret=True) if any(covers(key, violation.key) for key in encrypted) else violation


def _located(violation: Violation, stack: str) -> Violation:
    return replace(violation, file=violation.file or f"stacks/Pulumi.{stack}.yaml")


def _settings(
    reading: Reading, resolved: ResolvedStack, stack: str, role_assignments: Sequence[RoleAssignment]
) -> Settings:
    given, naming = reading.input, resolved.naming
    storage, *additional = (_props(resource) for resource in resolved.of_type(component_types.STORAGE_ACCOUNT))
    single: dict[str, Any] = {
        resource.section: _props(resource)
        for resource in resolved.resources
        if resource.type_token != component_types.STORAGE_ACCOUNT
    }
    return Settings(
        stack=stack,
        workload=naming.workload,
        environment=naming.environment,
        location=naming.location,
        instance=naming.instance,
        subscription=resolved.subscription,
        resource_group=single["resourceGroup"],
        storage_account=storage,
        additional_storage_accounts=tuple(additional),
        container_registry=single["containerRegistry"],
        key_vault=single["keyVault"],
        application_insights=single["applicationInsights"],
        workspace=single["workspace"],
        locks=tuple(
            ManagementLock.model_validate(_complete(ManagementLockProperties, lock))
            for lock in given.resource_group.locks
        ),
        tracking=None
        if given.tracking is None
        else TrackingSettings.model_validate(_complete(TrackingProperties, given.tracking)),
        inference=None
        if given.inference is None
        else InferenceSettings.model_validate(_complete(InferenceProperties, given.inference)),
        datastores=tuple(
            DatastoreSettings.model_validate(_complete(DatastoreProperties, datastore))
            for datastore in given.datastores
        ),
        computes=tuple(
            ComputeSettings.model_validate(_complete(ComputeProperties, compute)) for compute in given.computes
        ),
        role_assignments=tuple(role_assignments),
        compute_roles=roles_of_computes(given),
        tls=bool(given.tls),
        limits={
            azure_name(section): limit
            for section, limit in given.limits
            if section not in _OPTIONAL or getattr(given, section) is not None
        },
        image_registry=given.image_registry or "",
        port_range=PortRange.model_validate(_complete(PortRangeProperties, given.port_range)),
        expires_after=given.expires_after or "",
        expires_on=given.expires_on or "",
        allow_replacement=tuple(given.allow_replacement),
        notices=(*resolved.notices, *closed_services(reading, resolved), *_unused(given), *_expired(given)),
    )


def _unused(given: StackInput) -> list[str]:
    return [
        f"ml-workspace:limits.{section} has no effect: 'ml-workspace:{section}: {{}}' switches the {title} on."
        for section, title in _OPTIONAL.items()
        if getattr(given, section) is None and getattr(given.limits, section) != Limit()
    ]


def _expired(given: StackInput) -> list[str]:
    moment = parse_moment(given.expires_on or "")
    if moment is None or moment > dt.datetime.now(dt.UTC):
        return []
    return [f"ml-workspace:expiresOn has passed ({format_moment(moment)}): `mlw expire --yes` removes this stack."]


def _complete(section: type, given: BaseModel) -> dict[str, Any]:
    return with_defaults(section, given.model_dump(by_alias=True, exclude_none=True))


def _props(resource: ResolvedResource) -> dict[str, Any]:
    return {**resource.props, "existing_in": resource.existing_in}
