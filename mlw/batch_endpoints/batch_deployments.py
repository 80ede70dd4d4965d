"""Creates, changes and deletes deployments: model and code are stored, so that jobs need none of the files later."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlw.azure_files import overrides
from mlw.batch_endpoints import batch_settings
from mlw.batch_endpoints.batch_errors import BatchEndpointError, BatchEndpointNotFoundError
from mlw.batch_endpoints.batch_options import BatchEndpoints
from mlw.batch_endpoints.batch_records import BatchDeployment
from mlw.computes.workspace_computes import find_compute
from mlw.data.data_workspace import DataWorkspace
from mlw.environments.conda_file import name_of
from mlw.environments.planning import ALLOW_NEWER
from mlw.jobs import submission, submitting
from mlw.online_endpoints import deployed_models
from mlw.online_endpoints.deployed_code import code_of
from mlw.online_endpoints.endpoint_records import DeployedModel
from mlw.online_endpoints.serving_environments import MLFLOW_BASE
from mlw.records.authored import now

_MLFLOW = "mlflow_model"

Say = Callable[[str], None]


def create(
    batch: BatchEndpoints,
    document: Mapping[str, Any],
    say: Say,
    *,
    is_default: bool = False,
    kept: BatchDeployment | None = None,
) -> BatchDeployment:
    """Create a deployment, or replace the one of this name, as Azure does.

    Args:
        batch: The workspace.
        document: The file, normalised.
        say: Gets what is being done, and notices.
        is_default: Whether it becomes the default deployment of its endpoint.
        kept: A deployment whose stored files are used where the document says the same: its own files may be gone.

    Raises:
        BatchEndpointError: The file is wrong, or there is no such endpoint.
        EndpointError: The scoring script does not exist.
        NoSuchComputeError: The workspace has no such compute.
    """
    batch_settings.check(document)
    endpoint, name = str(document["endpoint_name"]), str(document["name"])
    batch.records.endpoint(endpoint)
    find_compute(batch.stack, submission.compute_of(document))
    before = batch.records.find_deployment(endpoint, name)
    made = _stored(batch, document, say, kept)
    if before:
        made = replace(made, created=before.created, created_by=before.created_by, changed=now(), changed_by=batch.user)
    _write(batch, made)
    if is_default:
        batch.records.change(endpoint, lambda one: replace(one, default_deployment=name))
    return made


def _write(batch: BatchEndpoints, made: BatchDeployment) -> None:
    """Write the record, and nothing if the endpoint is deleted meanwhile."""
    batch.records.write(made)
    try:
        batch.records.endpoint(made.endpoint)
    except BatchEndpointNotFoundError:
        batch.records.delete_deployment(made.endpoint, made.name)
        raise


def update(batch: BatchEndpoints, endpoint: str, name: str, changes: Sequence[str], say: Say) -> BatchDeployment:
    """Change what a deployment was created with, by `--set`.

    Raises:
        BatchEndpointError: It is not valid.
    """
    before = batch.records.deployment(endpoint, name)
    doing = f"updating deployment '{name}' of batch endpoint '{endpoint}'"
    document: dict[str, Any] = json.loads(json.dumps(before.document))
    overrides.apply(document, changes, doing)
    document = batch_settings.flat(document)
    if (document.get("name"), document.get("endpoint_name")) != (name, endpoint):
        raise BatchEndpointError(
            f"{doing}: its name and that of its endpoint cannot be changed. Create another deployment."
        )
    return create(batch, document, say, kept=before)


def delete(batch: BatchEndpoints, endpoint: str, name: str) -> None:
    """Delete a deployment; its jobs stay.

    Raises:
        BatchEndpointError: It is the default deployment.
    """
    batch.records.deployment(endpoint, name)
    if batch.records.endpoint(endpoint).default_deployment == name:
        raise BatchEndpointError(
            f"deleting deployment '{name}' of batch endpoint '{endpoint}': it is the default deployment. Make another "
            f"one the default first: `mlw batch-endpoint update STACK --name {endpoint} --set "
            "defaults.deployment_name=OTHER`, or nothing after the equals sign for none."
        )
    batch.records.delete_deployment(endpoint, name)


def _stored(
    batch: BatchEndpoints, document: Mapping[str, Any], say: Say, kept: BatchDeployment | None
) -> BatchDeployment:
    """The record, with everything stored that it refers to."""

    def is_same(key: str) -> bool:
        return kept is not None and document.get(key) == kept.document.get(key)

    model = kept.model if kept and is_same("model") else _model(batch, document, say)
    code: Mapping[str, Any] = document.get("code_configuration") or {}
    if not code and (model is None or model.type != _MLFLOW):
        raise BatchEndpointError(
            f"reading deployment '{document['name']}': without `code_configuration` the model must be one of MLflow, "
            f"a folder with a file '{deployed_models.MODEL_FILE}', and this one is not. Add a scoring script."
        )
    snapshot = kept.code if kept and is_same("code_configuration") else _code(batch, document, code, say)
    environment = document.get("environment")
    if environment is None and model is not None:
        say(f"the environment is that of the model: '{model.name}' has a conda file")
        conda = deployed_models.conda_file(model, batch.workspace.connection, batch.tracking)
        environment = {"image": MLFLOW_BASE, "conda_file": with_mlflow(conda), ALLOW_NEWER: True}
    return BatchDeployment(
        name=str(document["name"]), endpoint=str(document["endpoint_name"]), document=document,
        environment=environment or "", model=model, code=snapshot, script=str(code.get("scoring_script") or ""),
        created=now(), created_by=batch.user,
    )  # fmt: skip


def _model(batch: BatchEndpoints, document: Mapping[str, Any], say: Say) -> DeployedModel | None:
    given = document.get("model")
    if given is None:
        return None
    if not isinstance(given, Mapping):
        return deployed_models.find(str(given), batch.tracking)
    path = Path(str(given.get("path") or ""))
    if not path.is_absolute():
        raise BatchEndpointError(
            f"reading deployment '{document['name']}': model.path is '{given.get('path') or ''}'; allowed: a file or a "
            "folder of this machine. Register other models with `mlw model create`, and name them as "
            "azureml:NAME:VERSION."
        )
    workspace = batch.workspace
    with DataWorkspace.of(batch.stack, batch.principal).using(f"storing model '{path}'"):
        return deployed_models.store(
            path, workspace.connection, workspace.blob_container, type_=str(given.get("type") or ""), say=say
        )


def _code(batch: BatchEndpoints, document: Mapping[str, Any], code: Mapping[str, Any], say: Say) -> str:
    """Hash of the snapshot of the code; empty without a script."""
    if not code:
        return ""
    folder, _ = code_of(document)
    data = DataWorkspace.of(batch.stack, batch.principal)
    return submitting.submission_of(batch, data, say).store_code(folder)


def with_mlflow(conda: Mapping[str, Any]) -> dict[str, Any]:
    """The conda file of a model with all of MLflow, which loads it; models may name only a part of it."""
    dependencies = list(conda.get("dependencies") or ())
    lines = [str(line) for one in dependencies if isinstance(one, Mapping) for line in one.get("pip") or ()]
    names = {name_of(line): line for line in [*lines, *(one for one in dependencies if isinstance(one, str))]}
    if "mlflow" in names:
        return dict(conda)
    skinny = names.get("mlflow-skinny", "mlflow-skinny")
    added = skinny.replace("mlflow-skinny", "mlflow").replace("mlflow_skinny", "mlflow")
    kept = [one for one in dependencies if not isinstance(one, Mapping)]
    return {**conda, "dependencies": [*kept, *(() if "pip" in names else ("pip",)), {"pip": [*lines, added]}]}
