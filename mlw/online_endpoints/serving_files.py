"""The files of a deployment's containers: model, code, the program that starts the server, its settings."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mlw.job_programs.model_server import collected_records
from mlw.jobs import program_files
from mlw.jobs.ports import SourceFile
from mlw.online_endpoints.deployment_settings import DeploymentSettings
from mlw.online_endpoints.endpoint_records import DeployedModel, Deployment
from mlw.online_endpoints.granted_identity import Granted
from mlw.online_endpoints.serving_environments import SERVER

MOUNT = "/var/azureml-app"
"""Where Azure's containers have the code; a volume here."""

SCORE, MLFLOW = "score", "mlflow"
USER = 1001
MODELS = "azureml-models"
"""Folder of the models, below the mount; Azure's place."""

_CONTROL = ".mlw"
_PROGRAM, _SERVING, _VARIABLES = f"{_CONTROL}/program", f"{_CONTROL}/serving.json", f"{_CONTROL}/variables.json"
_COLLECTOR, _LOGIN = f"{_CONTROL}/{collected_records.FILE}", f"{_CONTROL}/identity.json"
CA_FILE, CA_BUNDLE = f"{_CONTROL}/ca.pem", f"{_CONTROL}/ca-bundle.pem"
"""Certificates for the clients of a deployment with an identity, below the mount."""

_START = 'exec "$(command -v python || echo python3)" -u -m mlw.job_programs.model_server'

IN_DEFINITION = {
    # Nothing secret: whoever may inspect the container can read it.
    "PYTHONPATH": f"{MOUNT}/{_PROGRAM}",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "HOME": "/tmp",  # noqa: S108 - the only folder that can be written, of this container alone
    "USER": "azureml",
    "LOGNAME": "azureml",
}


def command() -> list[str]:
    """What a container runs."""
    return ["/bin/sh", "-c", f"{_START} {MOUNT}/{_CONTROL}"]


def probe_command(wanted: str, seconds: float) -> list[str]:
    """What waits in a container until the server is `ready` or `drained`."""
    script = (
        f'exec "$(command -v python || echo python3)" -m mlw.job_programs.model_server.probe {wanted} {seconds:.1f}'
    )
    return ["/bin/sh", "-c", script]


def model_folder(model: DeployedModel) -> str:
    """Where the files of a model are, below the mount."""
    return f"{MODELS}/{model.name}/{model.version}"


def collected_command() -> list[str]:
    """What prints in a container how much data was collected."""
    return ["/bin/sh", "-c", 'exec "$(command -v python || echo python3)" -m mlw.job_programs.model_server.collected']


def files(
    deployment: Deployment,
    settings: DeploymentSettings,
    code: Iterable[SourceFile],
    model: Iterable[SourceFile],
    granted: Callable[[], Mapping[str, Any]] | None = None,
    *,
    identity: Granted | None = None,
) -> Iterator[SourceFile]:
    """All files, relative to the mount; nobody can change them.

    Args:
        deployment: The deployment.
        settings: What its file says.
        code: Its code.
        model: Its model.
        granted: Gives the content of the collector's file; without, nothing is collected.
        identity: What it gets of the identity of its endpoint.
    """
    for one in code:
        yield _read_only(f"{deployment.code_folder}/{one.name}", one)
    if deployment.model:
        for one in model:
            yield _read_only(f"{model_folder(deployment.model)}/{one.name}", one)
    for one in program_files.files("model_server"):
        yield _read_only(f"{_CONTROL}/{one.name.partition('/')[2]}", one)
    made: dict[str, Mapping[str, Any]] = {
        _SERVING: _serving(deployment, settings, is_collecting=granted is not None),
        _VARIABLES: {**(identity.variables if identity else {}), **_variables(deployment, settings)},
    }
    if granted:
        made[_COLLECTOR] = granted()
    if identity:
        made |= {_LOGIN: identity.login} if identity.login else {}
        yield from _certificates(identity)
    for name, content in made.items():
        text = json.dumps(content).encode("utf-8", "surrogatepass")
        yield SourceFile(name=name, size=len(text), content=(text,), mode=0o400, owner=USER)


def _certificates(identity: Granted) -> Iterator[SourceFile]:
    named = ((CA_FILE, identity.certificates), (CA_BUNDLE, identity.bundle)) if identity.certificates else ()
    for name, content in named:
        text = content.encode()
        yield SourceFile(name=name, size=len(text), content=(text,), mode=0o444)


def _read_only(name: str, one: SourceFile) -> SourceFile:
    return SourceFile(name=name, size=one.size, content=one.content, is_read_only=True, is_folder=one.is_folder)


def _serving(deployment: Deployment, settings: DeploymentSettings, *, is_collecting: bool) -> dict[str, Any]:
    probe = settings.liveness
    seconds = math.ceil(settings.timeout_seconds)
    found: dict[str, Any] = {
        "liveness": {
            "period": probe.period, "initial_delay": probe.initial_delay, "timeout": probe.timeout,
            "failure_threshold": probe.failure_threshold,
        }
    }  # fmt: skip
    if deployment.server == MLFLOW and deployment.model:
        model = "/".join(filter(None, (MOUNT, model_folder(deployment.model), deployment.model.folder)))
        arguments = ["-m", "mlw.job_programs.model_server.mlflow_server", model, str(seconds)]
        return {**found, "module": "mlflow", "package": "mlflow", "arguments": arguments}
    script = f"{MOUNT}/{deployment.code_folder}/{deployment.script}"
    server = ["-m", "azureml_inference_server_http"]
    if is_collecting and settings.collection and settings.collection.has_payload:
        server = [f"{MOUNT}/{_PROGRAM}/mlw/job_programs/model_server/score_server.py"]
    arguments = [*server, "--entry_script", script, "--port", "5001"]
    return {**found, "module": "azureml_inference_server_http", "package": SERVER, "arguments": arguments}


def _variables(deployment: Deployment, settings: DeploymentSettings) -> Mapping[str, str]:
    """Environment variables of the server, as in Azure; those of the file come last."""
    seconds = math.ceil(settings.timeout_seconds)
    root = f"{MOUNT}/{deployment.code_folder}" if deployment.code else MOUNT
    # The program's own folder is no part of the path of a scoring script.
    found = {"AML_APP_ROOT": root, "PYTHONPATH": IN_DEFINITION["PYTHONPATH"] if deployment.server == MLFLOW else root}
    if deployment.script:
        found["AZUREML_ENTRY_SCRIPT"] = deployment.script
    if deployment.model:
        found["AZUREML_MODEL_DIR"] = f"{MOUNT}/{model_folder(deployment.model)}"
    if deployment.server == MLFLOW:
        found["MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT"] = str(seconds)
    else:
        found["GUNICORN_CMD_ARGS"] = f"--graceful-timeout={seconds} --worker-tmp-dir=/tmp"
    return {**found, **settings.variables}
