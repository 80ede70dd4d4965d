"""Outputs that become versions of models: their files are artifacts of the job's run, which MLflow's clients can load.

MLflow accepts a version only of files that belong to a run, and reads them in its part of the artifact store. The
output itself stays where the file of the job says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.rules.datastores.tracking_artifacts import PREFIX
from mlw.jobs.job_errors import JobError
from mlw.jobs.ports import SourceFile
from mlw.tracking import artifacts, model_creation, registered_models, tracked_runs
from mlw.tracking.model_file import ModelSpec
from mlw.tracking.registered_models import ModelType
from mlw.tracking.tracking_client import TrackingClient, TrackingNotFoundError

_MLMODEL = "MLmodel"


def register(
    client: TrackingClient,
    spec: ModelSpec,
    files: Callable[[], Iterator[SourceFile]],
    put: Callable[[str, SourceFile], None],
    *,
    run: str,
) -> str:
    """Register what a job wrote; doing it again for the same run changes nothing.

    Args:
        client: Of the workspace, with the login of the compute.
        spec: What to register; its path is the name of the output.
        files: Reads the files of the output.
        put: Stores a file below a folder of the artifact store's container.
        run: Id of the job's MLflow run.

    Returns:
        `NAME:VERSION`.

    Raises:
        JobError: The output is not a model of its type.
        TrackingRequestError: MLflow does not give it the version of the file.
    """
    found = tracked_runs.find(client, run)
    source = f"{found.artifact_uri}/{spec.path}"
    if made := _made(client, spec.name, source):
        return f"{spec.name}:{made}"
    written = list(files())  # their content is read when it is stored
    if spec.type is ModelType.MLFLOW and _MLMODEL not in {one.name for one in written}:
        raise JobError(
            f"registering output '{spec.path}' as model '{spec.name}': a {ModelType.MLFLOW} is a folder with a file "
            f"'{_MLMODEL}', and the output has none. Write it with mlflow's save_model, or use type {ModelType.CUSTOM}."
        )
    for one in written:
        put(f"{PREFIX}/{artifacts.root_of(source)}", one)
    version = model_creation.create_of_artifacts(client, spec, source=source, run=found.id)
    return f"{version.name}:{version.version}"


def _made(client: TrackingClient, name: str, source: str) -> str:
    """The version that was registered before, e.g. by a runner that was killed; empty for none."""
    try:
        known = registered_models.versions(client, name)
    except TrackingNotFoundError:
        return ""
    return next((one.version for one in known if one.source == source), "")
