"""A sweep job as its record has it: the command job that every trial is made of, and how trials are chosen."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mlw.jobs.command_jobs import CommandJob, JobInput, JobOutput
from mlw.jobs.literals import as_text, literal_type
from mlw.sweeps.early_termination import Policy
from mlw.sweeps.sampling import Point
from mlw.sweeps.search_points import parameter_of
from mlw.sweeps.search_space import Parameter, Value

HYPERPARAMETERS = "hyperparameters"
"""Azure's tag of a trial with its parameters as JSON."""

VARIABLE = "AZUREML_SWEEP_"
"""Azure's prefix of environment variables with the parameters."""

BINDING = re.compile(r"\$\{\{\s*search_space\.([\w.-]+?)\s*\}\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepJob:
    """A sweep job.

    Attributes:
        trial: The job of a trial, with the name of the sweep and bindings to the search space.
        space: The search space.
        seed: Of the random numbers; chosen once, so that a new runner continues with the same ones.
        metric: The primary metric.
        most_trials: How many trials there are at most.
        most_at_once: How many of them run at the same time at most.
        timeout_seconds: How long the sweep may take; 0 for ever.
        outputs: Outputs of the sweep: those of its best trial, where the file says.
    """

    trial: CommandJob
    space: tuple[Parameter, ...]
    algorithm: str
    seed: int
    metric: str
    maximize: bool
    most_trials: int
    most_at_once: int
    timeout_seconds: int = 0
    policy: Policy = field(default_factory=Policy)
    outputs: Mapping[str, JobOutput] = field(default_factory=dict)

    def job_of(self, number: int, point: Point, *, parent_run: str) -> CommandJob:
        """The job of one trial; a parameter is also an input, as components have it."""
        values = {name: as_text(value) for name, value in point.parameters.items()}
        inputs = {name: JobInput(type=literal_type(point.parameters[name]), value=values[name]) for name in values}
        name = trial_name(self.trial.name, number)
        return replace(
            self.trial,
            name=name,
            display_name=name,
            command=BINDING.sub(lambda found: in_command(found, point.parameters[found[1]]), self.trial.command),
            inputs={**inputs, **self.trial.inputs},
            environment_variables={
                **{f"{VARIABLE}{key}": value for key, value in values.items()},
                **self.trial.environment_variables,
            },
            tags={**self.trial.tags, HYPERPARAMETERS: json.dumps(dict(point.parameters))},
            parent=self.trial.name,
            root=self.trial.root or self.trial.parent or self.trial.name,
            parent_run=parent_run,
        )

    def as_json(self) -> dict[str, Any]:
        """Write it as a record has it."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> SweepJob:
        """Read what :meth:`as_json` writes."""
        return cls(
            **{
                **document,
                "trial": CommandJob.of(document["trial"]),
                "space": tuple(map(parameter_of, document["space"])),
                "policy": Policy(**document["policy"]),
                "outputs": CommandJob.of({**document["trial"], "outputs": document["outputs"]}).outputs,
            }
        )


def in_command(binding: re.Match[str], value: Value) -> str:
    """A value in place of a binding; JSON is quoted for the shell, unless quotes around the binding do that."""
    text = as_text(value)
    if not isinstance(value, Mapping):
        return text
    before = binding.string[: binding.start()][-1:]
    if before == '"':
        return re.sub(r'(["\\$`])', r"\\\1", text)
    return text.replace("'", "'\\''") if before == "'" else shlex.quote(text)


def trial_name(sweep: str, number: int) -> str:
    """Name of the job of a trial."""
    return f"{sweep}_{number}"
