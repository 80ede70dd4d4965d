"""From a file of a pipeline job, normalised, to a record: checked as a whole, then code and data are stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.component_files.component_lookup import FindComponent
from mlw.jobs import command_text, job_paths, submission
from mlw.jobs.command_jobs import CommandJob, JobInput
from mlw.jobs.job_records import PIPELINE, JobRecord
from mlw.jobs.queue_entries import NO_COMPUTE
from mlw.jobs.submission import Submission
from mlw.pipelines.bindings import StepOutput
from mlw.pipelines.graph import Data, Graph, Literal, PlannedStep, Target
from mlw.pipelines.pipeline_errors import PipelineError
from mlw.pipelines.pipeline_jobs import PipelineJob, Step, StepInput
from mlw.pipelines.read_pipeline import read_pipeline
from mlw.sweeps.sweep_submission import sweep_of, without_space

MOUNT = "ro_mount"


def pipeline_record(
    document: Mapping[str, Any],
    given: Submission,
    folder: Path,
    find_component: FindComponent,
    *,
    check_compute: Callable[[str], None] = lambda _name: None,
) -> JobRecord:
    """Make the record of a pipeline job.

    Args:
        document: The file, normalised.
        given: What it is submitted with.
        folder: The folder of the caller; names the experiment if the file does not.
        find_component: Finds registered components.
        check_compute: Raises an error for a compute that does not exist.

    Raises:
        PipelineError: It cannot run here; nothing has been stored then.
    """
    graph = read_pipeline(document, find_component, check=lambda step: _problem_of(step, check_compute))
    name = submission.checked_name(graph.name or submission.made_name())
    for step in graph.steps.values():
        notices = submission.ignored({**_base(step), "services": step.services})
        given.notices.extend(f"step '{step.name}': {notice}" for notice in notices)
    experiment = graph.experiment or submission.experiment_of(folder)
    placing = _Placing(_remembering(given), replace(graph, name=name, experiment=experiment), folder)
    made = PipelineJob(
        name=name,
        steps=tuple(placing.step(step) for step in graph.steps.values()),
        outputs=graph.outputs,
        continue_on_step_failure=graph.continue_on_step_failure,
        force_rerun=graph.force_rerun,
    )
    return JobRecord(
        name=name,
        type=PIPELINE,
        document=document,
        command=made.as_json(),
        display_name=graph.display_name or name,
        description=graph.description,
        experiment=experiment,
        compute=NO_COMPUTE,
        tags=graph.tags,
        properties=given.git_facts(folder),
        rank=submission.rank_of(document, name),
        created_by=given.user,
    )


def _problem_of(step: PlannedStep, check_compute: Callable[[str], None]) -> str:
    """What no step can have: wrong bindings of its command, a compute that does not exist, several nodes."""
    try:
        inputs = {name: None if source is None else "" for name, source in step.inputs.items()}
        command = step.component.command
        if step.sweep:
            sweep_of(step.sweep, CommandJob(name=step.name, command=""))
            space = step.sweep["search_space"]
            command, inputs = without_space(command, space, step.name), {**inputs, **dict.fromkeys(space, "")}
        command_text.resolve(command, inputs, dict.fromkeys(step.outputs, ""), job=step.name)
        submission.refuse(_base(step), step.name)
        check_compute(submission.compute_of(_base(step)))
    except MlWorkspaceError as exc:
        return str(exc)
    return ""


def _base(step: PlannedStep) -> dict[str, Any]:
    """A step as the file of a command job has it, without code, inputs and outputs."""
    return {
        "command": step.component.command,
        "program": step.component.program,
        "notices": step.component.notices,
        "environment": step.component.environment,
        "compute": step.compute,
        "display_name": step.display_name,
        "description": step.description,
        "environment_variables": step.environment_variables,
        "resources": step.resources,
        "distribution": step.distribution,
        "limits": {"timeout": step.timeout_seconds},
        "tags": step.tags,
    }


def _remembering(given: Submission) -> Submission:
    """The same, but a folder or data that several steps use is stored once."""

    @cache
    def resolved(job: str, name: str, document: str) -> JobInput:
        return given.resolve_input(job, name, json.loads(document))

    def resolve(job: str, name: str, document: Mapping[str, Any]) -> JobInput:
        # The mode does not change where the data is, and the job does only if its name is in the path.
        asked = json.dumps({**document, "mode": MOUNT}, sort_keys=True)
        found = resolved(job if "${{" in asked else "", name, asked)
        return replace(found, mode=str(document.get("mode") or found.mode))

    return replace(given, store_code=cache(given.store_code), git_facts=cache(given.git_facts), resolve_input=resolve)


class _Placing:
    """Makes the jobs of steps."""

    def __init__(self, given: Submission, graph: Graph, folder: Path) -> None:
        self._given, self._folder, self._datastore = given, folder, graph.datastore
        self._pipeline, self._experiment = graph.name, graph.experiment
        self._names: set[str] = set()

    def step(self, planned: PlannedStep) -> Step:
        code = planned.component.code
        is_stored = bool(submission.SNAPSHOT.fullmatch(code))
        name = submission.checked_name(self._unused(f"{self._pipeline}-{planned.name.replace('.', '-')}"))
        document = {
            **_base(planned),
            "experiment_name": self._experiment,
            "code": "" if is_stored else code,
            "inputs": {key: _input(planned, key) for key in planned.inputs if not _is_bound(planned, key)},
            "outputs": {
                key: _output(planned, key, self._placed(target, job_paths.default_output(name, key)))
                for key, target in planned.outputs.items()
            },
        }
        job = replace(self._job(planned, document, name), parent=self._pipeline)
        job = replace(job, code=code) if is_stored else job
        return Step(
            name=planned.name,
            job=job,
            sweep=sweep_of(planned.sweep, job).as_json() if planned.sweep else {},
            inputs={
                name: StepInput(source=source, mode=planned.modes.get(name, MOUNT))
                for name, source in planned.inputs.items()
                if isinstance(source, StepOutput)
            },
            type=planned.component.type,
            component=planned.component.title,
            distribution=planned.distribution,
            is_deterministic=planned.component.is_deterministic,
        )

    def _placed(self, target: Target, place: str) -> Target:
        """The same, in the pipeline's default datastore if it has neither a path nor another default."""
        if target.path or not self._datastore:
            return target
        return replace(target, path=f"azureml://datastores/{self._datastore}/paths/{place}")

    def _job(self, planned: PlannedStep, document: Mapping[str, Any], name: str) -> CommandJob:
        try:
            return self._given.command_job(document, name, self._folder)
        except MlWorkspaceError as exc:
            raise PipelineError(
                f"creating the pipeline job '{self._pipeline}'", [f"step '{planned.name}': {exc}"]
            ) from exc

    def _unused(self, name: str) -> str:
        """A name that no other step has: `a.b` and `a-b` are different steps."""
        found = name
        while found in self._names:
            found = f"{found}-2"
        self._names.add(found)
        return found


def _is_bound(step: PlannedStep, name: str) -> bool:
    return isinstance(step.inputs[name], StepOutput)


def _input(step: PlannedStep, name: str) -> object:
    match step.inputs[name]:
        case Literal(value=value):
            return value
        case Data(path=path, type=data_type):
            return {"type": data_type, "path": path, "mode": step.modes.get(name, MOUNT)}
    return None


def _output(step: PlannedStep, name: str, target: Target) -> dict[str, str]:
    asset, _, version = target.asset.partition(":")
    found = {"type": step.component.outputs[name].type, "path": target.path, "name": asset, "version": version}
    return {key: value for key, value in found.items() if value}
