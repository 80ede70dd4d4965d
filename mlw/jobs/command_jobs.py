"""A command job: what runs, with what, and what came of it. The types that pipelines and the runner share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from mlw.jobs.job_status import JobStatus

LITERALS = frozenset({"string", "integer", "number", "boolean"})
"""Types of an input that is a value, not data."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobLocation:
    """Data in the storage account.

    Attributes:
        container: The container.
        name: Name of the blob, or of the folder without a slash at its end.
        is_folder: Whether it is a folder.
        digest: Hash of the content, if it is known; pipelines compare it.
        asset: The data asset or model that it is a version of, as ``name:version``; empty for none.
    """

    container: str
    name: str
    is_folder: bool = True
    digest: str = ""
    asset: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobInput:
    """One input.

    Attributes:
        type: Azure's type, e.g. ``uri_folder``, or one of :data:`LITERALS`.
        value: The value of a literal, as the command sees it.
        location: Where the data of any other input is.
        mode: ``ro_mount``, ``download`` or ``direct``; the data is copied to the job in the first two.
        folder: Name of a folder below the input that the files are put into; empty for none. A model has one.
    """

    type: str
    value: str = ""
    location: BlobLocation | None = None
    mode: str = "ro_mount"
    folder: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobOutput:
    """One output.

    Attributes:
        type: ``uri_folder``, ``uri_file``, ``mltable``, or the type of a model.
        location: Where it is stored; None for the default, a folder of the job in the default blob store.
        asset: Name, or ``name:version``, of the data asset or model that it becomes; empty for none.
    """

    type: str = "uri_folder"
    location: BlobLocation | None = None
    asset: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits of a job.

    Attributes:
        timeout_seconds: How long the command may run; 0 for ever.
        shm_bytes: Size of ``/dev/shm``; 0 for the engine's default.
    """

    timeout_seconds: int = 0
    shm_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandJob:
    """One command job.

    Attributes:
        name: Unique in the workspace: letters, digits, ``-`` and ``_``.
        command: As in the file, with its bindings, e.g. ``python train.py --data ${{inputs.data}}``.
        environment: Reference of an environment (``azureml:name:3``), or its document.
        code: Hash of the snapshot that the command runs in; empty for none.
        compute: Name of the compute.
        experiment: Name of the experiment.
        program: The program of this project that the command runs (:mod:`mlw.jobs.program_files`); empty for none.
        parent: Name of the job that it is a child of, e.g. of the pipeline of a step; empty for none.
        parent_run: Id of the MLflow run of that job.
        root: Name of the job in the queue that it belongs to, if that is not its parent: a trial of a step's sweep.
        properties: Facts on the job, e.g. of git; tags of its MLflow run.
    """

    name: str
    command: str
    environment: str | Mapping[str, Any] = ""
    code: str = ""
    compute: str = "local"
    experiment: str = "Default"
    display_name: str = ""
    description: str = ""
    inputs: Mapping[str, JobInput] = field(default_factory=dict)
    outputs: Mapping[str, JobOutput] = field(default_factory=dict)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    program: str = ""
    parent: str = ""
    parent_run: str = ""
    root: str = ""

    def as_json(self) -> dict[str, Any]:
        """Write it as a record has it."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> CommandJob:
        """Read what :meth:`as_json` writes."""
        return cls(
            **{
                **document,
                "inputs": {name: JobInput(**_placed(one)) for name, one in document["inputs"].items()},
                "outputs": {name: JobOutput(**_placed(one)) for name, one in document["outputs"].items()},
                "limits": Limits(**document["limits"]),
            }
        )


def _placed(document: Mapping[str, Any]) -> dict[str, Any]:
    location = document.get("location")
    return {**document, "location": BlobLocation(**location) if location else None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """What came of a job.

    Attributes:
        status: A final status.
        outputs: Where each output is stored.
        run_id: Id of its MLflow run; empty without tracking.
        exit_code: Of the command; None if it never started.
        error: Why the job failed or was canceled; empty for a completed one.
        properties: Facts that a job with child jobs found out.
    """

    status: JobStatus
    outputs: Mapping[str, BlobLocation] = field(default_factory=dict)
    run_id: str = ""
    exit_code: int | None = None
    error: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


class Stop(Protocol):
    """Tells a running job to end."""

    @property
    def reason(self) -> str:
        """Why it is canceled; empty while it is not."""

    def wait(self, seconds: float) -> bool:
        """Wait for a request to cancel; return whether there is one."""


class Runner(Protocol):
    """Carries out command jobs; :class:`mlw.jobs.command_runner.CommandRunner` is the real one."""

    def run(self, job: CommandJob, stop: Stop) -> Finished:
        """Carry out one job, and return when it has ended; a failure is a result, not an error.

        It blocks until the compute has a free node. Called again for the same job after a crash, it continues where
        the job is: it attaches to a running container, or stores the results of one that has exited.
        """
