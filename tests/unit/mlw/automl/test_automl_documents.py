"""AutoML jobs: from Azure's document to the command that carries it out."""

import shlex
from typing import Any

import pytest

from mlw.automl.automl_documents import command_of
from mlw.job_programs.automl import algorithms, metric_names
from mlw.job_programs.automl.automl_settings import Settings
from mlw.jobs import job_types
from mlw.jobs.job_errors import JobError
from mlw.pipelines.bindings import StepOutput
from tests.support.pipeline_documents import inline, read

TABLE = {"type": "mltable", "path": "/project/table"}


def _document(**over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    return {
        "type": "automl", "task": "classification", "target_column_name": "y", "training_data": TABLE, **over
    }  # fmt: skip


def _settings(**over: Any) -> Settings:  # noqa: ANN401 - YAML
    return Settings.of(shlex.split(command_of(_document(**over))["command"])[-1])


def test_a_document_becomes_a_command_with_the_tables_as_inputs_and_the_model_as_output() -> None:
    found = job_types.as_command(
        _document(name="a", compute="cpu", test_data=TABLE, outputs={"best_model": {"name": "m", "mode": "upload"}})
    )

    assert (found["type"], found["name"], found["compute"], found["environment"]) == (
        "automl", "a", "cpu", {"lock": "automl"}
    )  # fmt: skip
    assert found["inputs"] == {"training_data": TABLE, "test_data": TABLE}
    assert found["outputs"] == {"best_model": {"type": "mlflow_model", "mode": "upload"}}
    assert " -m mlw.job_programs.automl " in found["command"]


def test_the_defaults_are_azures() -> None:
    found = _settings()

    assert (found.metric, found.timeout_seconds, found.trial_timeout_seconds, found.max_trials, found.folds) == (
        "AUC_weighted", 360 * 60, 30 * 60, 1000, 0
    )  # fmt: skip
    assert found.learners == algorithms.DEFAULT["classification"]
    assert _settings(task="regression").metric == "normalized_root_mean_squared_error"


def test_limits_training_and_featurization_reach_the_search() -> None:
    found = _settings(
        primary_metric="norm_macro_recall",
        weight_column_name="w",
        n_cross_validations=4,
        limits={"timeout_minutes": 2, "trial_timeout_minutes": 1, "max_trials": 7, "exit_score": 0.9,
                "enable_early_termination": False},
        training={"allowed_training_algorithms": ["LightGBM", "xg_boost_classifier", "logistic_regression"],
                  "blocked_training_algorithms": ["logistic_regression"], "enable_model_explainability": False},
        featurization={"mode": "custom", "column_name_and_types": {"a": "Categorical"},
                       "transformer_params": {"Imputer": [{"fields": ["b"], "parameters": {"strategy": "mean"}}]}},
        outputs={"best_model": {"name": "mine"}},
    )  # fmt: skip

    assert found == Settings(
        task="classification", metric="norm_macro_recall", target="y", weight="w", folds=4, timeout_seconds=120,
        trial_timeout_seconds=60, max_trials=7, exit_score=0.9, stops_early=False, is_explained=False, model="mine",
        learners=("lgbm", "xgboost", "xgb_limitdepth"), featurization="custom", column_types={"a": "Categorical"},
        imputers=({"fields": ["b"], "parameters": {"strategy": "mean"}},),
    )  # fmt: skip


def test_off_without_quotes_is_a_mode() -> None:
    assert _settings(featurization={"mode": False}).featurization == "off"


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"task": "forecasting"}, "task 'forecasting': forecasts need .* Allowed: classification, regression"),
        ({"task": "image_classification"}, "models of images are trained on GPUs"),
        ({"task": "text_ner"}, "models of text are trained on GPUs"),
        ({"primary_metric": "r2_score"}, "primary_metric 'r2_score' is not one of classification; allowed: auc_weig"),
        ({"cv_split_column_names": ["s"]}, "`cv_split_column_names` is not supported. Use `validation_data`"),
        (
            {"training": {"allowed_training_algorithms": ["svm"]}},
            r"`training` leaves no algorithm \(allowed: svm\); those of classification here: light_gbm",
        ),
    ],
    ids=["forecasting", "image", "text", "metric of another task", "split columns", "no algorithm"],
)
def test_what_cannot_run_here_is_refused_with_the_reason(over: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=message):
        command_of(_document(**over))


def test_what_changes_nothing_is_reported() -> None:
    found = command_of(
        _document(
            limits={"max_concurrent_trials": 4, "max_nodes": 6},
            training={"training_mode": "distributed", "allowed_training_algorithms": ["light_gbm", "decision_tree"]},
            featurization={"blocked_transformers": ["LabelEncoder"]},
        )
    )

    assert [one.partition(":")[0] for one in found["notices"]] == [
        "`limits.max_concurrent_trials` is ignored",
        "`limits.max_nodes` is ignored",
        "`training.training_mode` is ignored",
        "`featurization.blocked_transformers` is ignored",
        "`training.allowed_training_algorithms`",
    ]
    assert command_of(_document(limits={"max_concurrent_trials": 1}))["notices"] == []


def test_a_step_reads_the_table_of_another_step_and_gives_its_model_to_the_next() -> None:
    graph = read(
        {
            "prepare": inline(outputs={"table": {"type": "mltable"}}),
            "train": _document(
                training_data="${{parent.jobs.prepare.outputs.table}}",
                outputs={"best_model": {"type": "mlflow_model"}},
            ),
            "use": inline(inputs={"model": "${{parent.jobs.train.outputs.best_model}}"}),
        }
    )

    assert graph.steps["train"].inputs == {"training_data": StepOutput("prepare", "table")}
    assert graph.steps["train"].component.program == "automl"
    assert graph.steps["use"].inputs == {"model": StepOutput("train", "best_model")}


def test_a_loss_is_least_for_the_best_value_of_a_metric() -> None:
    assert metric_names.loss_of("AUC_weighted", 1.0) < metric_names.loss_of("AUC_weighted", 0.5)
    assert metric_names.loss_of("normalized_mean_absolute_error", 0.1) == 0.1
    assert metric_names.value_of("accuracy", metric_names.loss_of("accuracy", 0.75)) == 0.75


def test_every_learner_has_azures_name() -> None:
    assert [one for one in algorithms.DEFAULT["regression"] if algorithms.azures_name("regression", one) == one] == []
