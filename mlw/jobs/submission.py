"""From a file of a command job, normalised, to a record: checked, its code stored, its inputs looked up."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlw.jobs import job_types
from mlw.jobs.command_jobs import CommandJob, JobInput, JobOutput, Limits
from mlw.jobs.job_errors import JobError
from mlw.jobs.job_records import COMMAND, JobRecord
from mlw.jobs.literals import as_text, literal_type
from mlw.jobs.queue_entries import PRIORITIES

LOCAL, SERVERLESS = "local", "serverless"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
SNAPSHOT = re.compile(r"[0-9a-f]{64}")
"""Hash of a snapshot of code: what a document has in the place of a folder that was stored earlier."""

_SIZE = re.compile(r"(\d+)\s*([bkmg]?)b?", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_IGNORED = {
    "identity": "the job has the identity of its compute",
    "services": "the container of a job publishes no ports",
    "resources.instance_type": "the size of the compute applies",
    "resources.docker_args": "the container of a job has no options of its own",
    "resources.properties": "they are Azure's",
    "resources.locations": "there is one location",
    "queue_settings.job_tier": "computes have no tiers",
}
"""Fields that change nothing here, and why."""

ResolveInput = Callable[[str, str, Mapping[str, Any]], JobInput]
"""Looks up, and uploads if it is local, the data of an input: names of job and input, its mapping in the file."""


ResolveOutput = Callable[[str, str, Mapping[str, Any]], JobOutput]
"""Looks up where an output goes: the job, the output's name, and its mapping in the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What a file is submitted with.

    Attributes:
        user: Who submits.
        store_code: Stores a folder, and returns the hash of its snapshot.
        git_facts: Facts of git on a folder.
        resolve_input: Looks up data.
        resolve_output: Looks up where an output goes.
        notices: What is ignored, for the user.
    """

    user: str
    store_code: Callable[[Path], str]
    git_facts: Callable[[Path], Mapping[str, str]]
    resolve_input: ResolveInput
    resolve_output: ResolveOutput
    notices: list[str] = field(default_factory=list)

    def record_of(self, document: Mapping[str, Any], folder: Path) -> JobRecord:
        """Make the record of a job that is one container.

        Args:
            document: The file, normalised.
            folder: The folder of the caller; names the experiment if the file does not.

        Raises:
            JobError: It cannot run here.
        """
        name = checked_name(str(document.get("name") or made_name()))
        command_document = job_types.as_command(document)
        refuse(command_document, name)
        self.notices.extend(ignored(command_document))
        command = self.command_job(command_document, name, folder)
        return JobRecord(
            name=name,
            type=str(document.get("type") or COMMAND),
            document=document,
            command=command.as_json(),
            display_name=command.display_name,
            description=command.description,
            experiment=command.experiment,
            compute=command.compute,
            tags=command.tags,
            properties=command.properties,
            rank=rank_of(document, name),
            created_by=self.user,
        )

    def command_job(self, document: Mapping[str, Any], name: str, folder: Path) -> CommandJob:
        """The command job of the document of one."""
        code = document.get("code")
        resources = document.get("resources") or {}
        return CommandJob(
            name=name,
            command=str(document["command"]),
            environment=document.get("environment") or "",
            program=str(document.get("program") or ""),
            code=self._code(str(code), name) if code else "",
            compute=compute_of(document),
            experiment=str(document.get("experiment_name") or experiment_of(folder)),
            display_name=str(document.get("display_name") or name),
            description=str(document.get("description") or ""),
            inputs={key: self._input(name, key, given) for key, given in (document.get("inputs") or {}).items()},
            outputs={key: self._output(name, key, given) for key, given in (document.get("outputs") or {}).items()},
            environment_variables=_texts(
                {**_of_distribution(document), **(document.get("environment_variables") or {})}
            ),
            limits=Limits(
                timeout_seconds=int((document.get("limits") or {}).get("timeout") or 0),
                shm_bytes=size_of(resources.get("shm_size"), name),
            ),
            tags=_texts(document.get("tags") or {}),
            properties={**_texts(document.get("properties") or {}), **self.git_facts(Path(code) if code else folder)},
        )

    def _code(self, code: str, job: str) -> str:
        if SNAPSHOT.fullmatch(code):
            return code
        if not Path(code).is_absolute():
            raise JobError(
                f"submitting job '{job}': code '{code}': only folders and files of this machine can be used."
            )
        return self.store_code(Path(code))

    def _input(self, job: str, name: str, given: object) -> JobInput:
        if given is None:
            return JobInput(type="")
        if not isinstance(given, Mapping):
            return JobInput(type=literal_type(given), value=as_text(given))
        if given.get("path") in (None, ""):
            value = given.get("value", given.get("default"))
            return JobInput(type="") if value is None else JobInput(type=literal_type(value), value=as_text(value))
        return self.resolve_input(job, name, given)

    def _output(self, job: str, name: str, given: object) -> JobOutput:
        return self.resolve_output(job, name, given if isinstance(given, Mapping) else {})


def compute_of(document: Mapping[str, Any]) -> str:
    """Name of the compute; what Azure calls serverless is this machine."""
    name = str(document.get("compute") or LOCAL).removeprefix("azureml:")
    return LOCAL if name.lower() == SERVERLESS else name


def checked_name(name: str) -> str:
    """A name that a job may have.

    Raises:
        JobError: It may not.
    """
    if not _NAME.fullmatch(name):
        raise JobError(
            f"submitting job '{name}': not a name of a job; allowed: letters, digits, '-' and '_', at most 255, "
            "beginning with a letter or digit. Change `name`, or pass --name."
        )
    return name


def made_name() -> str:
    """A new name."""
    return f"job-{secrets.token_hex(6)}"


def experiment_of(folder: Path) -> str:
    """The experiment of jobs that name none: as in Azure the folder of the caller."""
    return folder.resolve().name.replace(" ", "") or "Default"


def rank_of(document: Mapping[str, Any], job: str) -> int:
    """Rank of the priority in the queue.

    Raises:
        JobError: There is no such priority.
    """
    given = str((document.get("queue_settings") or {}).get("priority") or "medium").lower()
    if given not in PRIORITIES:
        raise JobError(
            f"submitting job '{job}': queue_settings.priority is '{given}'; allowed: {', '.join(PRIORITIES)}."
        )
    return PRIORITIES.index(given)


def size_of(given: object, job: str) -> int:
    """Bytes of a size like ``2g``.

    Raises:
        JobError: It is no size.
    """
    if not given:
        return 0
    match = _SIZE.fullmatch(str(given))
    if not match:
        raise JobError(f"submitting job '{job}': resources.shm_size is '{given}'; write e.g. 512m or 2g.")
    return int(match[1]) * _UNITS[match[2].lower()]


def refuse(document: Mapping[str, Any], job: str) -> None:
    """Refuse what needs several nodes or processes.

    Raises:
        JobError: It does.
    """
    count = int((document.get("resources") or {}).get("instance_count") or 1)
    distribution = document.get("distribution") or {}
    processes = int(distribution.get("process_count_per_instance") or distribution.get("worker_count") or 1)
    servers = int(distribution.get("parameter_server_count") or 0)
    if count > 1 or processes > 1 or servers or distribution.get("type") == "ray":
        raise JobError(
            f"submitting job '{job}': distribution over several nodes or processes "
            f"(resources.instance_count: {count}, distribution: {distribution.get('type') or 'none'}, processes: "
            f"{processes}) is not supported: a job is one container on one engine. Set resources.instance_count to 1 "
            "and remove `distribution`; a library that starts its own processes, e.g. joblib, can use all CPUs."
        )


def _of_distribution(document: Mapping[str, Any]) -> dict[str, str]:
    """What a launcher of one process sets, so that a script with a distribution runs alone."""
    if not document.get("distribution"):
        return {}
    only = {"RANK": "0", "LOCAL_RANK": "0", "NODE_RANK": "0", "WORLD_SIZE": "1"}
    return {**only, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "6105"}


def ignored(document: Mapping[str, Any]) -> list[str]:
    """What a document sets that changes nothing here, and why."""
    found = [str(notice) for notice in document.get("notices") or ()]
    for path, why in _IGNORED.items():
        value: Any = document
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value:
            found.append(f"`{path}` is ignored: {why}.")
    return found


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): as_text(value) for key, value in values.items()}
