"""From the document of an AutoML job to that of the command job that carries it out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from mlw.job_programs.automl import algorithms, metric_names
from mlw.job_programs.automl.automl_settings import Settings
from mlw.jobs import program_files
from mlw.jobs.job_errors import JobError

PROGRAM = "automl"
MODEL = "best_model"
"""Azure's name of the output."""

TABLES = ("training_data", "validation_data", "test_data")
TASKS = tuple(algorithms.LEARNERS)
_ELSEWHERE = {
    "forecasting": "forecasts need models of time series, which the search does not have. Add columns with earlier "
    "values and the date to the table, and use `task: regression`",
    "image": "models of images are trained on GPUs, and jobs get none here. Use a command job with your own script",
    "text": "models of text are trained on GPUs, and jobs get none here. Use a command job with your own script",
}
_DEFAULT_MINUTES, _DEFAULT_TRIAL_MINUTES, _DEFAULT_TRIALS = 360, 30, 1000
"""Azure's."""

_KEPT = (
    "name", "type", "display_name", "description", "tags", "properties", "experiment_name", "compute", "resources",
    "queue_settings", "environment_variables", "identity", "services",
)  # fmt: skip
_IGNORED = {
    "limits.max_concurrent_trials": "trials run one after another, each on all CPUs of the job",
    "limits.max_nodes": "a job is one container",
    "limits.max_cores_per_trial": "a trial uses all CPUs of the job",
    "training.training_mode": "a job is one container",
    "training.enable_dnn_training": "neural networks are not tried",
    "training.enable_onnx_compatible_models": "all models are those of scikit-learn",
    "training.stack_ensemble_settings": "FLAML has its own",
    "training.ensemble_model_download_timeout": "nothing is downloaded",
    "featurization.blocked_transformers": "the transformers are those of docs/jobs.md",
    "featurization.dataset_language": "texts are numbered",
    "featurization.enable_dnn_featurization": "neural networks are not tried",
    "environment_id": "the environment is that of this project",
    "positive_label": "metrics are weighted over all classes",
}
"""Fields that change nothing here, and why."""

_OF_ASSETS = ("name", "version")


def command_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of the command job; see :mod:`mlw.jobs.job_types`.

    Raises:
        JobError: It cannot run here.
    """
    task = str(document.get("task") or "").lower()
    if task not in TASKS:
        raise JobError(f"reading an AutoML job: task '{task}': {_reason(task)}. Allowed: {', '.join(TASKS)}.")
    outputs = {name: one or {} for name, one in (document.get("outputs") or {}).items()}
    given = outputs.get(MODEL, {})
    settings = _settings(document, task, model=str(given.get("name") or ""))
    # The program registers the model, so that the output does not become a data asset of the same name.
    outputs[MODEL] = {"type": "mlflow_model", **{key: one for key, one in given.items() if key not in _OF_ASSETS}}
    return {
        **{key: document[key] for key in _KEPT if key in document},
        "command": f"{program_files.command_line(PROGRAM)} {shlex.quote(settings.as_text())}",
        "program": PROGRAM,
        "environment": {"lock": PROGRAM},
        "inputs": {name: document[name] for name in TABLES if document.get(name)},
        "outputs": outputs,
        "notices": list(_notices(document, task)),
    }


def _reason(task: str) -> str:
    return next((why for name, why in _ELSEWHERE.items() if task.startswith(name)), "there is no such task")


def _settings(document: Mapping[str, Any], task: str, *, model: str) -> Settings:
    limits, training = document.get("limits") or {}, document.get("training") or {}
    features = document.get("featurization") or {}
    metric = metric_names.metric_of(task, str(document.get("primary_metric") or ""))
    if not metric:
        raise JobError(
            f"reading an AutoML job: primary_metric '{document['primary_metric']}' is not one of {task}; allowed: "
            f"{', '.join(metric_names.METRICS[task])}."
        )
    exit_score = limits.get("exit_score")
    return Settings(
        task=task,
        metric=metric,
        target=str(document.get("target_column_name") or ""),
        weight=str(document.get("weight_column_name") or ""),
        model=model,
        learners=_learners(training, task),
        folds=_folds(document),
        validation_size=float(document.get("validation_data_size") or 0),
        test_size=float(document.get("test_data_size") or 0),
        timeout_seconds=60 * int(limits.get("timeout_minutes") or _DEFAULT_MINUTES),
        trial_timeout_seconds=60 * int(limits.get("trial_timeout_minutes") or _DEFAULT_TRIAL_MINUTES),
        max_trials=int(limits.get("max_trials") or _DEFAULT_TRIALS),
        exit_score=None if exit_score is None else float(exit_score),
        stops_early=limits.get("enable_early_termination") is not False,
        has_ensemble=bool(training.get("enable_stack_ensemble")),
        is_explained=training.get("enable_model_explainability") is not False,
        featurization=_mode(features.get("mode")),
        column_types={str(name): str(one) for name, one in (features.get("column_name_and_types") or {}).items()},
        imputers=_imputers(features.get("transformer_params") or {}),
        verbosity=str(document.get("log_verbosity") or "info").lower(),
    )


def _mode(given: object) -> str:
    """YAML reads `off` without quotes as false."""
    return "off" if given is False else str(given or "auto").lower()


def _imputers(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return tuple(one for name, found in given.items() if str(name).lower() == "imputer" for one in found)


def _learners(training: Mapping[str, Any], task: str) -> tuple[str, ...]:
    allowed = training.get("allowed_training_algorithms") or ()
    found = algorithms.learners(task, allowed, training.get("blocked_training_algorithms") or ())
    if not found or (allowed and len(algorithms.missing(task, allowed)) == len(allowed)):
        raise JobError(
            f"reading an AutoML job: `training` leaves no algorithm (allowed: {', '.join(allowed) or 'all'}); those of "
            f"{task} here: {', '.join(algorithms.LEARNERS[task])}."
        )
    return found


def _folds(document: Mapping[str, Any]) -> int:
    """How many folds; columns that say which row is for validation are not supported."""
    if document.get("cv_split_column_names"):
        raise JobError(
            "reading an AutoML job: `cv_split_column_names` is not supported. Use `validation_data`, or "
            "`n_cross_validations`."
        )
    given = document.get("n_cross_validations")
    return 0 if given in (None, "auto") else int(str(given))


def _notices(document: Mapping[str, Any], task: str) -> Iterator[str]:
    for path, why in _IGNORED.items():
        value: Any = document
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value and value not in (1, "auto"):
            yield f"`{path}` is ignored: {why}."
    names = (document.get("training") or {}).get("allowed_training_algorithms") or ()
    for name in algorithms.missing(task, names):
        yield f"`training.allowed_training_algorithms`: '{name}' is left out: no learner here is one."
