"""AutoML jobs: from Azure's document to the command that carries it out."""

import shlex
from typing import Any

import pytest

from mlw.automl.automl_documents import command_of
from mlw.job_programs.automl import algorithms, metric_names
from mlw.job_programs.automl.automl_settings import Settings
from mlw.job_programs.automl.automl_trials import Trial, TrialLimits, plan_of
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
        (
            {"featurization": {"column_name_and_types": {"a": "Colour"}}},
            "type 'Colour' of column 'a' is not known; allowed: Numeric, Categorical, .*, Ignore",
        ),
        (
            {"featurization": {"transformer_params": {"imputer": [{"parameters": {"strategy": "ffill"}}]}}},
            "strategy 'ffill' is not supported; allowed: mean, median, most_frequent, constant",
        ),
        (
            {"training": {"allowed_training_algorithms": ["svm"]}},
            r"`training` leaves no algorithm \(allowed: svm\); those of classification here: light_gbm",
        ),
    ],
    ids=["forecasting", "image", "text", "metric of another task", "type of a column", "strategy", "no algorithm"],
)
def test_what_cannot_run_here_is_refused_with_the_reason(over: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=message):
        command_of(_document(**over))


def _noticed(**over: Any) -> list[str]:  # noqa: ANN401 - YAML
    return [one.partition(":")[0] for one in command_of(_document(**over))["notices"]]


def test_what_changes_nothing_is_reported() -> None:
    found = _noticed(
        limits={"max_nodes": 6},
        training={"training_mode": "distributed", "allowed_training_algorithms": ["light_gbm", "decision_tree"],
                  "enable_dnn_training": True, "enable_vote_ensemble": True},
        featurization={"blocked_transformers": ["LabelEncoder"], "enable_dnn_featurization": True,
                       "transformer_params": {"imputer": [], "tf_idf": []}},
    )  # fmt: skip

    assert found == [
        "`limits.max_nodes` is ignored",
        "`training.training_mode` is ignored",
        "`training.enable_dnn_training` is ignored",
        "`training.enable_vote_ensemble` is ignored",
        "`featurization.blocked_transformers` is ignored",
        "`featurization.enable_dnn_featurization` is ignored",
        "`featurization.transformer_params.tf_idf` is ignored",
        "`training.allowed_training_algorithms`",
    ]
    assert _noticed(limits={"max_concurrent_trials": 2, "max_nodes": 1}, training={"enable_dnn_training": False}) == []


def test_of_several_ways_to_validate_one_counts_and_the_others_are_reported() -> None:
    splits = {"cv_split_column_names": ["s"], "n_cross_validations": 3, "validation_data_size": 0.2}

    assert _noticed(**splits) == ["`validation_data_size` is ignored", "`n_cross_validations` is ignored"]
    assert _noticed(validation_data=TABLE, **splits)[0] == "`cv_split_column_names` is ignored"
    assert _noticed(n_cross_validations=3, validation_data_size=0.2) == []
    assert _settings(**splits).split_columns == ("s",)


@pytest.mark.parametrize(
    ("training", "notice"),
    [
        ({"allowed_training_algorithms": ["light_gbm", "sgd"]}, "`limits.max_concurrent_trials` 3 is 2 here: at most"),
        (
            {"enable_stack_ensemble": True},
            "`limits.max_concurrent_trials` is ignored: `training.enable_stack_ensemble`",
        ),
    ],
    ids=["algorithms", "ensemble"],
)
def test_fewer_trials_at_the_same_time_than_wanted_are_reported(training: dict[str, Any], notice: str) -> None:
    (found,) = command_of(_document(limits={"max_concurrent_trials": 3}, training=training))["notices"]

    assert found.startswith(notice)


@pytest.mark.parametrize(
    ("over", "processors", "groups", "threads"),
    [
        ({}, 8, [("a", "b", "c")], 8),
        ({"at_once": 2}, 8, [("a", "c"), ("b",)], 4),
        ({"at_once": 2, "most_cores": 1}, 8, [("a", "c"), ("b",)], 1),
        ({"at_once": 9}, 7, [("a",), ("b",), ("c",)], 2),
        ({"at_once": 9}, 2, [("a", "c"), ("b",)], 1),
        ({"at_once": 9, "max_trials": 1}, 4, [("a", "b", "c")], 4),
        ({"at_once": 9, "has_ensemble": True}, 4, [("a", "b", "c")], 4),
    ],
    ids=["one", "two", "cores of a trial", "algorithms", "CPUs", "trials", "ensemble"],
)
def test_each_process_has_its_own_algorithms_and_a_part_of_the_cpus(
    over: dict[str, Any], processors: int, groups: list[tuple[str, ...]], threads: int
) -> None:
    found = plan_of(Settings(task="regression", metric="r2", target="y", learners=("a", "b", "c"), **over), processors)

    assert (list(found.groups), found.threads) == (groups, threads)


@pytest.mark.parametrize(
    ("over", "scores", "allowed"),
    [({"max_trials": 4}, [0.1, 0.2, 0.3, 0.4], [True, True, False, False]),
     ({"exit_score": 0.3}, [0.1, 0.3, 0.2], [True, False, False])],
    ids=["number of trials", "exit score"],
)  # fmt: skip
def test_trials_of_all_processes_are_counted_together(
    over: dict[str, Any], scores: list[float], allowed: list[bool]
) -> None:
    told: list[Trial] = []
    settings = Settings(task="classification", metric="accuracy", target="y", learners=("a", "b"), **over)
    limits = TrialLimits(settings, told.append, begun=2)

    found = [limits.after(Trial(0, "a", "a", {}, score, {}, 0, 0)) for score in scores]

    assert found == allowed
    assert [one.number for one in told] == list(range(1, len(scores) + 1))


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
