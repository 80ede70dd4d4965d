"""Invokes a batch endpoint: the document of a parallel job is made of a deployment and the data, and submitted."""

from __future__ import annotations

import contextlib
import json
import shlex
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import MlWorkspaceError
from infra.rules.datastores.default_datastores import BLOB_STORE
from mlw.assets.asset_references import SCHEME
from mlw.azure_files import overrides
from mlw.azure_files.file_references import absolute, is_local
from mlw.batch_endpoints import batch_settings
from mlw.batch_endpoints.batch_errors import BatchEndpointError
from mlw.batch_endpoints.batch_options import BatchEndpoints
from mlw.batch_endpoints.batch_records import BatchDeployment
from mlw.data.datastore_uris import is_web
from mlw.jobs import submitting
from mlw.jobs.job_records import Job, JobNotFoundError, JobRecord
from mlw.online_endpoints.endpoint_records import DeployedModel

SCORE, INPUT, MODEL = "score", "input", "model"
"""Names of the output, as in Azure, and of the inputs."""

ENDPOINT, DEPLOYMENT = "azureml.endpointname", "azureml.deploymentname"
"""Properties of the jobs."""

_FOLDER, _FILE = "uri_folder", "uri_file"


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """What an endpoint is invoked with.

    Attributes:
        deployment: Empty for the default one.
        input: A path of this machine, a URI, or a data asset.
        input_type: Azure's type; empty to look, or for a folder.
        output_path: Folder of a datastore as a URI; empty for the job's own.
        job: Name of the job; empty for a new one.
        experiment: Empty for the name of the endpoint.
        changes: `KEY=VALUE` of settings, for this job only.
    """

    endpoint: str
    deployment: str = ""
    input: str
    input_type: str = ""
    output_path: str = ""
    job: str = ""
    experiment: str = ""
    changes: Sequence[str] = ()

    @property
    def doing(self) -> str:
        """What is being done, for messages."""
        return f"invoking batch endpoint '{self.endpoint}'"


def invoke(batch: BatchEndpoints, given: Invocation, say: Callable[[str], None]) -> JobRecord:
    """Submit the job.

    Raises:
        BatchEndpointError: There is no such endpoint, or deployment, or a change is not valid.
        DataNotFoundError: There is no such data.
    """
    deployment = deployment_of(batch, given)
    document = document_of(deployment, given)
    # Before data is uploaded: it needs the right to invoke.
    note = batch.records.note_job(deployment, document["name"])
    try:
        return submitting.submit_document(batch, document, facts=lambda _folder: {}, tell=say)
    except MlWorkspaceError:
        # The role may not include it; a note without a job is not listed.
        with contextlib.suppress(MlWorkspaceError):
            batch.records.forget_note(note)
        raise


def deployment_of(batch: BatchEndpoints, given: Invocation) -> BatchDeployment:
    """The deployment that is invoked.

    Raises:
        BatchEndpointError: There is none.
    """
    name = given.deployment or batch.records.endpoint(given.endpoint).default_deployment
    if not name:
        known = batch.records.deployment_names(given.endpoint)
        raise BatchEndpointError(
            f"{given.doing}: it has no default deployment; deployments: {', '.join(known) or 'none'}. Name one with "
            f"--deployment-name, or make one the default: `mlw batch-endpoint update STACK --name {given.endpoint} "
            "--set defaults.deployment_name=NAME`."
        )
    return batch.records.deployment(given.endpoint, name)


def document_of(deployment: BatchDeployment, given: Invocation) -> dict[str, Any]:
    """The document of the job.

    Raises:
        BatchEndpointError: A change is not valid, or the data does not exist on this machine.
    """
    settings = _settings(deployment, given)
    appends = str(settings["output_action"]).lower() == batch_settings.APPEND_ROW
    name = given.job or f"batchjob-{uuid.uuid4()}"
    task: dict[str, Any] = {
        "type": "run_function", "code": deployment.code or None, "entry_script": deployment.script,
        "environment": deployment.environment,
    }  # fmt: skip
    if appends:
        task |= {
            "append_row_to": f"${{{{outputs.{SCORE}}}}}",
            "program_arguments": f"--append_row_file_name {shlex.quote(str(settings['output_file_name']))}",
        }
    model = deployment.model
    return {
        "type": "parallel",
        "name": name,
        "display_name": name,
        "description": str(deployment.document.get("description") or ""),
        "experiment_name": given.experiment or given.endpoint,
        "compute": deployment.document.get("compute"),
        "properties": {ENDPOINT: deployment.endpoint, DEPLOYMENT: deployment.name},
        "inputs": {INPUT: input_of(given), **({MODEL: _model_input(model)} if model else {})},
        "outputs": {SCORE: {"type": _FOLDER, **({"path": given.output_path} if given.output_path else {})}},
        "input_data": f"${{{{inputs.{INPUT}}}}}",
        "mini_batch_size": str(settings["mini_batch_size"]),
        "task": task,
        "scoring": {"output": SCORE, **({"model": MODEL} if model else {})},
        **{key: settings[key] for key in _PASSED},
    }


_PASSED = (
    "max_concurrency_per_instance", "error_threshold", "retry_settings", "logging_level", "resources",
    "environment_variables",
)  # fmt: skip
"""Settings that a parallel job has, too."""


def _settings(deployment: BatchDeployment, given: Invocation) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(json.dumps(batch_settings.settings_of(deployment.document)))
    overrides.apply(settings, given.changes, given.doing)
    settings = batch_settings.flat(settings)
    allowed = sorted(batch_settings.CHANGED_BY_INVOKE)
    unknown = sorted(set(settings) - set(allowed))
    wrong = [f"'{key}' cannot be set for one job; allowed: {', '.join(allowed)}." for key in unknown]
    batch_settings.refuse(given.doing, [*wrong, *batch_settings.problems(settings)])
    return settings


def input_of(given: Invocation) -> dict[str, str]:
    """The data as an input of a job; a local path is absolute.

    Raises:
        BatchEndpointError: It does not exist on this machine.
    """
    if not is_local(given.input):
        return {"path": given.input, "type": given.input_type or (_FILE if is_web(given.input) else _FOLDER)}
    path = absolute(given.input, Path())
    if not path.exists():
        raise BatchEndpointError(
            f"{given.doing}: --input '{given.input}' does not exist (looked for '{path}'). Allowed: a path of this "
            "machine, azureml:DATA:VERSION, azureml://datastores/NAME/paths/PATH, or a web address."
        )
    return {"path": str(path), "type": given.input_type or (_FOLDER if path.is_dir() else _FILE)}


def _model_input(model: DeployedModel) -> dict[str, str]:
    """The model as an input: scripts find a folder under the name that it was registered with."""
    if model.container:
        # A single file is in a folder of its own, too.
        place = f"azureml://datastores/{BLOB_STORE}/paths/{model.location}"
        return {"type": _FOLDER, "path": place, "folder": model.folder}
    return {"type": model.type, "path": f"{SCHEME}{model.name}:{model.version}", "folder": model.folder}


def jobs_of(batch: BatchEndpoints, endpoint: str, deployment: str, *, limit: int) -> list[Job]:
    """Jobs of an endpoint or of a deployment, the last submitted first.

    Raises:
        BatchEndpointError: There is no such endpoint or deployment.
    """
    if deployment:
        batch.records.deployment(endpoint, deployment)
    else:
        batch.records.endpoint(endpoint)
    found: list[Job] = []
    for name in batch.records.jobs(endpoint, deployment):
        if len(found) >= limit:
            break
        job = _read(batch, name)
        # A job that was noted and could not be submitted, or was one of another name.
        if job and job.record.properties.get(ENDPOINT) == endpoint:
            found.append(job)
    return found


def _read(batch: BatchEndpoints, name: str) -> Job | None:
    try:
        return batch.workspace.records.read(name)
    except JobNotFoundError:
        return None
