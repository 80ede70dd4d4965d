"""What is valid in Azure and cannot run in a local workspace, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

REASONS: Mapping[str, str] = {
    "spark": "Spark jobs need a Spark cluster, which Azure provides and one machine does not have. Run the script as a "
    "command job with PySpark in its environment.",
    "import": "import jobs copy from databases through Azure Data Factory. Upload the data with `mlw data create`.",
    "data_transfer": "data transfer jobs run in Azure Data Factory. Use a command job that copies.",
    "finetuning": "fine-tuning jobs run on models that Azure hosts.",
    "distillation": "distillation jobs run on models that Azure hosts.",
    "if_else": "conditions of pipelines are a private preview of Azure.",
    "do_while": "loops of pipelines are a private preview of Azure.",
    "parallel_for": "loops of pipelines are a private preview of Azure.",
}
"""Type of a job, a step or a component to the reason."""

REGISTRY = "azureml://registries/"
REGISTRY_REASON = (
    "registries are a service of Azure and cannot be reached from here. Create the asset in this workspace, and refer "
    "to it as azureml:NAME:VERSION."
)


SCHEDULE_OF_A_JOB = (
    "schedule: the file of a job has none: in Azure, too, schedules have files of their own. Remove it, write a file "
    "with `name`, `trigger` and `create_job`, which names this one, and run `mlw schedule create`."
)
"""Of the preview of Azure's command line, and still in public examples."""


def reason(document: Mapping[str, Any]) -> str:
    """Why the type of a job, step or component cannot run here; empty if it can."""
    type_ = str(document.get("type", "")).lower()
    return f"type '{type_}': {REASONS[type_]}" if type_ in REASONS else ""


def reasons(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Why a job, step or component cannot run here, each with the key that says so."""
    if of_type := reason(document):
        yield "type", of_type
    if "schedule" in document:
        yield "schedule", SCHEDULE_OF_A_JOB


SCHEDULES: Mapping[str, str] = {
    "import_data": REASONS["import"],
}
"""Key of a schedule to the reason."""


SIGNALS: Mapping[str, str] = {
    "feature_attribution_drift": "it needs the importance of features, which Azure computes on a Spark cluster.",
    "model_performance": "it needs true values, joined with the predictions. Use a command job for it.",
    "custom": "its component runs on a Spark cluster. Schedule the component with `create_job`.",
    "generation_safety_quality": "it rates texts with a model that Azure hosts.",
    "generation_token_statistics": "it counts tokens of models that Azure hosts.",
}
"""Type of a monitor's signal to the reason."""


def schedule_reason(document: Mapping[str, Any]) -> str:
    """Why a schedule cannot run here; empty if it can."""
    return next((f"{key}: {reason}" for key, reason in SCHEDULES.items() if key in document), "")


DEPLOYMENTS: Mapping[str, str] = {
    "kubernetes": "deployments of type kubernetes need a Kubernetes cluster that is attached to the workspace. Omit "
    "`type`: the deployment runs as containers of this machine.",
    "pipeline": "batch deployments of pipeline components cannot be invoked yet. Submit the component as a job with "
    "`mlw job create`.",
}
"""Type of an online or batch deployment to the reason."""


def deployment_reason(document: Mapping[str, Any]) -> str:
    """Why an online or batch deployment cannot run here; empty if it can."""
    type_ = str(document.get("type", "")).lower()
    if type_ in DEPLOYMENTS:
        return f"type '{type_}': {DEPLOYMENTS[type_]}"
    environment = document.get("environment")
    if isinstance(environment, Mapping) and environment.get("inference_config"):
        return (
            "environment.inference_config: images with a server of their own cannot be deployed yet. Use a scoring "
            "script, or a model of MLflow."
        )
    model = str(document.get("model", ""))
    return f"model: '{model}': {REGISTRY_REASON}" if model.startswith(REGISTRY) else ""
