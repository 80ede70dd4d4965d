"""The naming components in the stack file: workload, environment, instance."""

from __future__ import annotations

import re

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation, one_of

ENVIRONMENTS = ("dev", "test", "stage", "prod")

WORKLOAD = StackRule("settings-workload-require", "Every stack has a workload.")
ENVIRONMENT = StackRule("settings-environment-limit", "The environment is dev, test, stage or prod.")
INSTANCE = StackRule("settings-instance-limit", "The instance is 1-8 letters and digits.")

_INSTANCE = re.compile(r"[0-9A-Za-z]{1,8}", re.ASCII)
_MEANT = {"development": "dev", "testing": "test", "qa": "test", "staging": "stage", "production": "prod"}


def check_workload(workload: str | None, *, key: str = "workload") -> list[Violation]:
    """A violation if the workload is missing; whether it gives legal names is checked where names are generated."""
    if workload is not None and workload.strip():
        return []
    return [
        Violation(
            rule=WORKLOAD,
            key=key,
            value=workload,
            found="missing, but every default name contains it",
            allowed="a short project name of letters and digits",
            fix=f"set '{key}' to e.g. 'churn'",
        )
    ]


def check_environment(environment: str, *, key: str = "environment") -> list[Violation]:
    """A violation if the environment is unknown."""
    if environment in ENVIRONMENTS:
        return []
    lower = environment.lower()
    near = lower if lower in ENVIRONMENTS else _MEANT.get(lower, "dev")
    return [
        Violation(
            rule=ENVIRONMENT,
            key=key,
            value=environment,
            found="unknown environment",
            allowed=one_of(ENVIRONMENTS),
            fix=f"set '{key}' to '{near}'",
        )
    ]


def check_instance(instance: str, *, key: str = "instance") -> list[Violation]:
    """A violation if the instance is not legal at the end of a name."""
    if _INSTANCE.fullmatch(instance):
        return []
    return [
        Violation(
            rule=INSTANCE,
            key=key,
            value=instance,
            found="not legal at the end of a name",
            allowed="1-8 letters and digits, usually three digits in quotes",
            fix=f"set '{key}' to e.g. \"001\"",
        )
    ]
