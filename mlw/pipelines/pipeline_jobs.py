"""A pipeline job as its record has it: the command jobs of its steps, and what connects them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.job_records import COMMAND
from mlw.pipelines.bindings import StepOutput


@dataclass(frozen=True, kw_only=True, slots=True)
class StepInput:
    """An input that is the output of another step, and its mode."""

    source: StepOutput
    mode: str = "ro_mount"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: Its name in the pipeline; that of its job is another one.
        type: Azure's type of it.
        job: Its job, without the inputs that come from other steps.
        inputs: These inputs.
        component: Name and version of its registered component; empty for none.
        distribution: How its processes are started, as in the file.
        sweep: A :class:`mlw.sweeps.sweep_jobs.SweepJob` as JSON, whose trials are the job; empty for none.
    """

    name: str
    job: CommandJob
    inputs: Mapping[str, StepInput] = field(default_factory=dict)
    type: str = COMMAND
    component: str = ""
    distribution: Mapping[str, Any] = field(default_factory=dict)
    is_deterministic: bool = True
    sweep: Mapping[str, Any] = field(default_factory=dict)

    @property
    def after(self) -> frozenset[str]:
        """Steps whose outputs it reads."""
        return frozenset(one.source.step for one in self.inputs.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineJob:
    """A pipeline job.

    Attributes:
        steps: In an order in which they can run.
        outputs: Outputs of the pipeline, and the step's output that each of them is.
    """

    name: str
    steps: tuple[Step, ...]
    outputs: Mapping[str, StepOutput] = field(default_factory=dict)
    continue_on_step_failure: bool = False
    force_rerun: bool = False

    def as_json(self) -> dict[str, Any]:
        """Write it as a record has it."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> PipelineJob:
        """Read what :meth:`as_json` writes."""
        outputs = {name: StepOutput(**one) for name, one in document["outputs"].items()}
        return cls(**{**document, "steps": tuple(map(_step, document["steps"])), "outputs": outputs})


def _step(document: Mapping[str, Any]) -> Step:
    inputs = {
        name: StepInput(source=StepOutput(**one["source"]), mode=one["mode"])
        for name, one in document["inputs"].items()
    }
    return Step(**{**document, "job": CommandJob.of(document["job"]), "inputs": inputs})
