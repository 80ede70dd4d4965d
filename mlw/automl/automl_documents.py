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
    "limits.max_nodes": "a job is one container",
    "training.training_mode": "a job is one container",
    "training.enable_dnn_training": "neural networks are not tried",
    "training.enable_vote_ensemble": "FLAML's ensembles are stacks, with `enable_stack_ensemble`",
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

_WITHOUT_EFFECT: Mapping[str, tuple[object, ...]] = {
    "limits.max_nodes": (1,), "training.training_mode": ("auto",), "featurization.dataset_language": ("eng",),
}  # fmt: skip
"""What may be said in such a field without a notice; in all of them also `false`."""

_COLUMN_TYPES = ("Numeric", "Categorical", "CategoricalHash", "Hashes", "DateTime", "Text", "Ignore")
_STRATEGIES = ("mean", "median", "most_frequent", "constant")

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
        split_columns=tuple(map(str, document.get("cv_split_column_names") or ())),
        validation_size=float(document.get("validation_data_size") or 0),
        test_size=float(document.get("test_data_size") or 0),
        timeout_seconds=60 * int(limits.get("timeout_minutes") or _DEFAULT_MINUTES),
        trial_timeout_seconds=60 * int(limits.get("trial_timeout_minutes") or _DEFAULT_TRIAL_MINUTES),
        max_trials=int(limits.get("max_trials") or _DEFAULT_TRIALS),
        at_once=int(limits.get("max_concurrent_trials") or 1),
        most_cores=int(limits.get("max_cores_per_trial") or -1),
        exit_score=None if exit_score is None else float(exit_score),
        stops_early=limits.get("enable_early_termination") is not False,
        has_ensemble=bool(training.get("enable_stack_ensemble")),
        is_explained=training.get("enable_model_explainability") is not False,
        featurization=_mode(features.get("mode")),
        column_types=_column_types(features.get("column_name_and_types") or {}),
        imputers=_imputers(features.get("transformer_params") or {}),
        verbosity=str(document.get("log_verbosity") or "info").lower(),
    )


def _mode(given: object) -> str:
    """YAML reads `off` without quotes as false."""
    return "off" if given is False else str(given or "auto").lower()


def _column_types(given: Mapping[str, Any]) -> Mapping[str, str]:
    found = {str(name): str(one) for name, one in given.items()}
    known = {one.lower() for one in _COLUMN_TYPES}
    for name, one in found.items():
        if one.replace("_", "").lower() not in known:
            raise JobError(
                f"reading an AutoML job: `featurization.column_name_and_types`: type '{one}' of column '{name}' is not "
                f"known; allowed: {', '.join(_COLUMN_TYPES)}."
            )
    return found


def _imputers(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    found = tuple(one for name, ones in given.items() if _is_imputer(name) for one in ones)
    for one in found:
        strategy = str((one.get("parameters") or {}).get("strategy") or _STRATEGIES[0])
        if strategy not in _STRATEGIES:
            raise JobError(
                f"reading an AutoML job: `featurization.transformer_params.imputer`: strategy '{strategy}' is not "
                f"supported; allowed: {', '.join(_STRATEGIES)}."
            )
    return found


def _is_imputer(name: object) -> bool:
    return str(name).lower() == "imputer"


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
    given = document.get("n_cross_validations")
    return 0 if given in (None, "auto") else int(str(given))


def _notices(document: Mapping[str, Any], task: str) -> Iterator[str]:
    for path, why in _IGNORED.items():
        value: Any = document
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value and value not in _WITHOUT_EFFECT.get(path, ()):
            yield f"`{path}` is ignored: {why}."
    yield from _notices_of_validation(document)
    yield from _notices_of_trials(document, task)
    for name in (document.get("featurization") or {}).get("transformer_params") or ():
        if not _is_imputer(name):
            yield f"`featurization.transformer_params.{name}` is ignored: the transformers are those of docs/jobs.md."
    names = (document.get("training") or {}).get("allowed_training_algorithms") or ()
    for name in algorithms.missing(task, names):
        yield f"`training.allowed_training_algorithms`: '{name}' is left out: no learner here is one."


def _notices_of_validation(document: Mapping[str, Any]) -> Iterator[str]:
    """Of several ways to validate one counts; as in Azure, fields on the training data only without validation data."""
    first = next((key for key in ("validation_data", "cv_split_column_names") if document.get(key)), "")
    others = ("cv_split_column_names", "validation_data_size", "n_cross_validations") if first else ()
    for key in others:
        if key != first and document.get(key):
            yield f"`{key}` is ignored: `{first}` says how models are validated."


def _notices_of_trials(document: Mapping[str, Any], task: str) -> Iterator[str]:
    """What bounds the trials at the same time, apart from the CPUs of the job."""
    training = document.get("training") or {}
    wanted = int((document.get("limits") or {}).get("max_concurrent_trials") or 1)
    count = len(_learners(training, task))
    if wanted > 1 and training.get("enable_stack_ensemble"):
        yield "`limits.max_concurrent_trials` is ignored: `training.enable_stack_ensemble` needs one search for all."
    elif wanted > count:
        yield f"`limits.max_concurrent_trials` {wanted} is {count} here: at most one trial of an algorithm at a time."
