"""Environment variables of a job: Azure's, MLflow's, and those of `mlw run` with endpoints inside the network."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlw.client_environment.client_variables import Access, variables
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.ports import TrackedRun

_PYTHON = ".py"


@dataclass(frozen=True, kw_only=True, slots=True)
class JobAccess:
    """What the jobs of a workspace get: the runner's port `Access`.

    Attributes:
        record: The workspace record.
        access_of: Endpoints and credentials of a compute.
    """

    record: Mapping[str, object]
    access: Access = field(repr=False)

    def variables(self, job: CommandJob, run: TrackedRun) -> Mapping[str, str]:
        """The variables of one job."""
        found = {**self._of_azure(job, run), **variables(self.access, service_name=service_name(job))}
        if run.run_id:
            # mlflow.log_metric() without any other call continues this run.
            found |= {"MLFLOW_RUN_ID": run.run_id, "MLFLOW_EXPERIMENT_ID": run.experiment_id}
            found |= {"MLFLOW_EXPERIMENT_NAME": job.experiment}
        return found

    def _of_azure(self, job: CommandJob, run: TrackedRun) -> dict[str, str]:
        segments = str(self.record["id"]).split("/")
        return {
            "AZUREML_RUN_ID": job.name,
            "AZUREML_ROOT_RUN_ID": job.parent or job.name,
            "AZUREML_ARM_SUBSCRIPTION": segments[2],
            "AZUREML_ARM_RESOURCEGROUP": segments[4],
            "AZUREML_ARM_WORKSPACE_NAME": str(self.record["name"]),
            "AZUREML_ARM_PROJECT_NAME": job.experiment,
            "AZUREML_WORKSPACE_ID": str(self.record["workspaceId"]),
            "AZUREML_EXPERIMENT_ID": run.experiment_id,
            "AZUREML_COMPUTE": job.compute,
        }


def service_name(job: CommandJob) -> str:
    """Name of a job in its telemetry: of the first Python file that it names, otherwise its display name."""
    try:
        words = shlex.split(job.command)
    except ValueError:
        words = job.command.split()
    script = next((word for word in words if word.endswith(_PYTHON)), "")
    return script.rpartition("/")[2].removesuffix(_PYTHON) or job.display_name or job.name
