"""Changes every key of a running stack's file: data stays, or the change is rejected and the key named.

Keys and types come from the declarations of `infra.rules.resources` and of the stack's own settings, so a property that
is declared later is tested automatically. Values are those that a new stack accepts, found by trying the allowed values
in error messages and a few of each type. If none is found for a key, the test fails: add one to `VALUES`.
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from infra import settings
from infra.provider.tokens import provider_of
from infra.resources.data_bearing import DataBearingProvider
from infra.rules.resources import component_types
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.stack.locked_changes import AcceptedStack
from infra.rules.violation import ConfigurationError
from infra.settings.stack_input import StackInput
from tests.support.mocks import TOKENS
from tests.unit.infra.test_program import VOLUME, run_program

TAGS = {"owner": "a@example.org", "cost-center": "4711", "project": "churn"}
DATASTORE = {"name": "features", "type": "AzureBlob", "container": "features"}
COMPUTE = {"name": "cpu", "type": "AmlCompute"}
Config = Mapping[str, Any]
Path = tuple[str, ...]

BASE: Config = {
    "workload": "churn",
    "tags": TAGS,
    "datastores": [DATASTORE],
    "tracking": {},
    "additionalStorageAccounts": [{"name": "stlake"}],
}

VALUES: Mapping[Path, list[Any]] = {
    ("workload",): ["fraud"],
    ("location",): ["northeurope"],
    ("subscription",): ["0f8fad5b-d9cb-469f-a165-70867728950e"],
    ("imageRegistry",): ["mirror.example.org:5000"],
    ("tags",): [{**TAGS, "team": "ml"}],
    ("expiresAfter",): ["7d"],
    ("expiresOn",): ["2999-01-31"],
    ("allowReplacement",): [["kv-none"]],
    ("portRange",): [{"first": 21000, "last": 22000}],
    ("datastores",): [[], [DATASTORE, {**DATASTORE, "name": "more", "container": "more"}]],
    ("additionalStorageAccounts",): [[], [{"name": "stlake"}, {"name": "stmore"}]],
    ("applicationInsights", "forwardMetricsTo"): ["http://prometheus:9090/api/v1/otlp/v1/metrics"],
    ("tracking",): [{}, {"softDeleteRetentionInDays": 7}],
    ("inference",): [{}, {"maximumRequestSizeInMB": 100}],
    ("roleAssignments",): [[{"principal": "ana", "role": "Contributor"}]],
    ("computes",): [[COMPUTE], [COMPUTE, {**COMPUTE, "name": "more"}]],
    ("roleDefinitions",): [],
    ("resourceGroup", "locks"): [[{"name": "keep", "level": "CanNotDelete"}]],
}
"""Values that trying does not find. Role definitions are a separate file, and affect no resource."""

MOST_RUNS = 1
"""Runs of the program for one key: rejected values need none."""

ANY_TEXT = ("other1", "stother1", "kv-other", "northeurope", "B", "2")
ANY_NUMBER = (1, 2, 8, 30, 60, 120)


def paths(model: type[BaseModel] = StackInput, prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every key that a stack file may have, with its type; entries of lists are tested with their list."""
    for name, declared in model.model_fields.items():
        path = (*prefix, declared.alias or name)
        inner = declared.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and path not in VALUES:
            yield from paths(inner, path)
        else:
            yield path, inner


def changed(path: Path, value: Any) -> Config:  # noqa: ANN401 - a stack file holds any
    """The stack's settings with one key changed."""
    config = dict(BASE)
    if len(path) == 1:
        return {**config, path[0]: value}
    section, *rest = path
    nested = value
    for key in reversed(rest):
        nested = {key: nested}
    return {**config, section: {**config.get(section, {}), **nested}}


def texts(config: Config) -> dict[str, str]:
    """The settings in the engine's format."""
    return {
        f"ml-workspace:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }


@cache
def another_stack() -> list[Deployed]:
    """The resources of the stack `other`, for `existing`."""
    other = settings.load(texts({"workload": "other", "tags": TAGS}), stack="other")
    resources = {
        component_types.RESOURCE_GROUP: other.resource_group,
        component_types.STORAGE_ACCOUNT: other.storage_account,
        component_types.CONTAINER_REGISTRY: other.container_registry,
        component_types.KEY_VAULT: other.key_vault,
        component_types.APPLICATION_INSIGHTS: other.application_insights,
        component_types.WORKSPACE: other.workspace,
    }
    return [Deployed("other", type_token, resource.props()) for type_token, resource in resources.items()]


def evaluated(config: Config, accepted: AcceptedStack | None = None) -> settings.Settings | ConfigurationError:
    """The settings, or why they are rejected."""
    try:
        return settings.load(texts(config), stack="dev", accepted=accepted, deployed=another_stack())
    except ConfigurationError as error:
        return error


def candidates(path: Path, annotation: Any) -> list[Any]:  # noqa: ANN401 - a type's annotation
    """Values to try: known ones, the allowed values in error messages, and a few of the type."""
    if path in VALUES:
        return VALUES[path]
    choices = get_args(annotation) if get_origin(annotation) in {typing.Union, types.UnionType} else (annotation,)
    if bool in choices:
        return [True, False]
    if any(get_origin(kind) is dict for kind in choices):
        return [{"team": "ml"}]
    if int in choices or float in choices:
        return list(ANY_NUMBER)
    if path[-1] == "existing":
        return ["organization/ml-workspace/other"]
    asked = evaluated(changed(path, "?"))
    allowed = " ".join(one.allowed for one in asked.violations) if isinstance(asked, ConfigurationError) else ""
    return [*dict.fromkeys([*re.findall(r"[\w.-]+", allowed), *ANY_TEXT])]


def legal_changes(path: Path, annotation: Any) -> list[Any]:  # noqa: ANN401 - a type's annotation
    """Those of them that a new stack accepts and that change something.

    A key with one valid value, which the stack already has, cannot be changed: it has none.
    """
    outcomes = [(value, evaluated(changed(path, value))) for value in candidates(path, annotation)]
    legal = [(value, outcome) for value, outcome in outcomes if not isinstance(outcome, ConfigurationError)]
    assert legal, f"no legal value was found for '{'.'.join(path)}'; give one in VALUES"
    unchanged = evaluated(BASE)
    return [value for value, outcome in legal if outcome != unchanged]


KEYS = {".".join(path): (path, annotation) for path, annotation in paths()}


@dataclass(frozen=True)
class Holdings:
    """The resources with data that a run registers, by type and name, with the inputs that would replace them."""

    data: Mapping[tuple[str, str], Any]
    accepted: AcceptedStack


@cache
def holdings(text: str) -> Holdings:
    """Run the program for settings."""
    registered = run_program(texts(json.loads(text))).mocks
    volumes = {
        (VOLUME, volume.name): {key: value for key, value in volume.inputs.items() if key != "labels"}
        for volume in registered.of_type(VOLUME)
    }
    others = {
        (resource.type, resource.name): None
        for resource in registered.resources
        if resource.type in TOKENS.values() and isinstance(provider_of(resource.type), DataBearingProvider)
    }
    (guard,) = registered.of_type(TOKENS["ChangeGuard"])
    return Holdings({**volumes, **others}, AcceptedStack.of(guard.inputs))


def is_named(key: str, error: ConfigurationError) -> bool:
    """Whether one of the violations is reported at the key, or above or below it."""
    told = [violation.key.removeprefix("ml-workspace:").partition("[")[0] for violation in error.violations]
    return any(one == key or one.startswith(f"{key}.") or key.startswith(f"{one}.") for one in told)


def test_the_changed_stack_has_data(event_loops: None) -> None:
    found = holdings(json.dumps(BASE))

    types_held = {type_ for type_, _ in found.data}
    assert {VOLUME, TOKENS["VaultInitialization"], TOKENS["VolumeGuard"]} <= types_held
    assert found.accepted.resources


@pytest.mark.parametrize("key", [key for key in KEYS if VALUES.get(KEYS[key][0]) != []])
def test_a_changed_key_keeps_all_data_or_is_refused_by_name(event_loops: None, key: str) -> None:
    path, annotation = KEYS[key]
    before = holdings(json.dumps(BASE))

    runs = 0
    for value in legal_changes(path, annotation):
        config = changed(path, value)
        outcome = evaluated(config, before.accepted)
        if isinstance(outcome, ConfigurationError):
            assert is_named(key, outcome), f"{key}: {value!r} is refused, and not by name: {outcome}"
            continue
        if runs == MOST_RUNS:
            break
        runs += 1
        after = holdings(json.dumps(config)).data
        lost = {name: held for name, held in before.data.items() if name not in after or after[name] != held}
        assert not lost, f"{key}: {value!r} is accepted and replaces or removes {sorted(name for _, name in lost)}"
