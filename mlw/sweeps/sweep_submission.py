"""From a file of a sweep job, normalised, to a record."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlw.component_files.component_lookup import FindComponent
from mlw.jobs import command_text, submission
from mlw.jobs.command_jobs import CommandJob, JobOutput
from mlw.jobs.job_records import SWEEP, JobRecord
from mlw.jobs.queue_entries import NO_COMPUTE
from mlw.jobs.submission import Submission
from mlw.sweeps import sampling
from mlw.sweeps.early_termination import read_policy
from mlw.sweeps.sampling import GRID
from mlw.sweeps.search_space import read_space
from mlw.sweeps.sweep_errors import SweepError
from mlw.sweeps.sweep_jobs import BINDING, SweepJob

_TRIAL = ("command", "code", "environment", "environment_variables", "resources", "distribution")
_SEED_BITS = 31
_SNAPSHOT = re.compile(r"[0-9a-f]{64}")
"""Code of a registered component."""


def sweep_record(
    document: Mapping[str, Any], given: Submission, folder: Path, find_component: FindComponent
) -> JobRecord:
    """Make the record of a sweep job.

    Args:
        document: The file, normalised.
        given: What it is submitted with.
        folder: The folder of the caller; names the experiment if the file does not.
        find_component: Finds registered components.

    Raises:
        SweepError: It cannot run here; nothing has been stored then.
    """
    name = submission.checked_name(str(document.get("name") or submission.made_name()))
    read_space(document.get("search_space") or {})
    trial = document.get("trial") or {}
    trial = find_component(trial) if isinstance(trial, str) else trial
    command = _command_document(document, trial)
    submission.refuse(command, name)
    given.notices.extend(submission.ignored({**document, **command}))
    _check(document, command, name)
    code = str(trial.get("code") or "")
    if _SNAPSHOT.fullmatch(code):
        job = replace(given.command_job({**command, "code": ""}, name, folder), code=code)
    else:
        job = given.command_job(command, name, folder)
    made = sweep_of(document, job)
    return JobRecord(
        name=name,
        type=SWEEP,
        document=document,
        command=made.as_json(),
        display_name=job.display_name,
        description=job.description,
        experiment=job.experiment,
        compute=NO_COMPUTE,
        tags=job.tags,
        properties=job.properties,
        rank=submission.rank_of(document, name),
        created_by=given.user,
    )


def sweep_of(document: Mapping[str, Any], job: CommandJob) -> SweepJob:
    """What a file says about the search.

    Args:
        document: The file: `search_space`, `sampling_algorithm`, `objective`, `limits`, `early_termination`.
        job: The job of a trial, with the name and the outputs of the sweep.

    Raises:
        SweepError: The file is wrong.
    """
    limits, objective = document.get("limits") or {}, document.get("objective") or {}
    space = read_space(document.get("search_space") or {})
    algorithm, seed = sampling.read_algorithm(document.get("sampling_algorithm"))
    trials = int(limits.get("max_total_trials") or 0)
    if trials < 1:
        raise SweepError(f"limits.max_total_trials is {trials}; it must be 1 or more.")
    if algorithm == GRID:
        trials = min(trials, sampling.grid_size(space))
    return SweepJob(
        # Trials have their own folders; where the file says gets what the best one wrote.
        trial=replace(job, outputs={name: JobOutput(type=one.type) for name, one in job.outputs.items()}),
        space=space,
        algorithm=algorithm,
        seed=secrets.randbits(_SEED_BITS) if seed is None else seed,
        metric=str(objective.get("primary_metric") or ""),
        maximize=str(objective.get("goal") or "").lower() == "maximize",
        most_trials=trials,
        most_at_once=max(int(limits.get("max_concurrent_trials") or trials), 1),
        timeout_seconds=int(limits.get("timeout") or 0),
        policy=read_policy(document.get("early_termination") or {}),
        outputs=job.outputs,
    )


def _command_document(document: Mapping[str, Any], trial: Mapping[str, Any]) -> dict[str, Any]:
    """A trial as the file of a command job has it."""
    declared = trial.get("inputs") or {}
    inputs = {
        key: one.get("default") if isinstance(one, Mapping) else one
        for key, one in declared.items()
        if key not in (document.get("search_space") or {})
    }
    for key, value in (document.get("inputs") or {}).items():
        type_ = (declared.get(key) or {}).get("type")
        is_untyped = isinstance(value, Mapping) and "path" in value and "type" not in value
        inputs[key] = {**value, "type": type_ or "uri_folder"} if is_untyped else value
    outputs = {**(trial.get("outputs") or {}), **(document.get("outputs") or {})}
    return {
        **{key: trial[key] for key in _TRIAL if trial.get(key) is not None},
        **{
            key: document[key]
            for key in ("resources", "compute", "experiment_name", "display_name", "description", "tags", "properties")
            if document.get(key) is not None
        },
        "inputs": inputs,
        "outputs": {key: one or {} for key, one in outputs.items()},
        "limits": {"timeout": (document.get("limits") or {}).get("trial_timeout")},
    }


def _check(document: Mapping[str, Any], command: Mapping[str, Any], name: str) -> None:
    """Compare the bindings of the command with inputs, outputs and search space."""
    space = document.get("search_space") or {}
    inputs = {**dict.fromkeys(command["inputs"], ""), **dict.fromkeys(space, "")}
    text = without_space(str(command.get("command") or ""), space, name)
    command_text.resolve(text, inputs, dict.fromkeys(command["outputs"], ""), job=name)


def without_space(command: str, space: Mapping[str, Any], name: str) -> str:
    """A command with something for each binding to the search space.

    Raises:
        SweepError: The search space has no such parameter.
    """
    for found in BINDING.finditer(command):
        if found[1] not in space:
            raise SweepError(
                f"reading the command of sweep '{name}': '{found[0]}': search_space has no such parameter. "
                f"Parameters: {', '.join(map(str, space)) or 'none'}."
            )
    return BINDING.sub("0", command)
