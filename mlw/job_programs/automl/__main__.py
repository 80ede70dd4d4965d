"""Carries out a job of type `automl`: `python -m mlw.job_programs.automl SETTINGS`, with its data in variables."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlw.job_programs.automl import best_model, concurrent_search, explanation, featurization, leaderboard
from mlw.job_programs.automl.automl_settings import Settings, cpus
from mlw.job_programs.automl.automl_trials import Found, Trial
from mlw.job_programs.automl.fitted_models import TableClassifier, TableRegressor
from mlw.job_programs.automl.leaderboard import TRIALS, JobRun, Progress
from mlw.job_programs.automl.scores import scores
from mlw.job_programs.automl.tables import Table, Tables, read_tables
from mlw.job_programs.program_errors import ProgramMistakeError, running

OUTPUTS = Path("outputs")
_LEAST_RESERVED, _MOST_RESERVED = 15.0, 120.0
"""Seconds for what follows the search: a tenth of the time, within these limits."""


def main() -> int:
    """Read, search, store."""
    started = time.time()
    _be_quiet()
    settings = Settings.of(sys.argv[1])
    tables = read_tables(settings)
    is_off = settings.featurization == "off"
    columns = featurization.columns_of(tables.training.inputs, settings.column_types, is_off=is_off)
    if not columns.used:
        raise ProgramMistakeError("reading the training data: no column says anything about the target.")
    _print_facts(settings, tables, columns)
    transformer = featurization.transformer_of(columns, settings.imputers, is_off=is_off)
    transformer.fit(tables.training.inputs[columns.used])
    tracked = JobRun.current()
    reserved = min(max(settings.timeout_seconds / 10, _LEAST_RESERVED), _MOST_RESERVED)
    left = settings.timeout_seconds - reserved - (time.time() - started)
    progress = Progress(settings, tracked)
    found = _search(settings, tables, transformer, columns.used, progress=progress, seconds=left)
    if tables.labels is not None:
        model = TableClassifier(transformer, found.estimator, tuple(columns.used), tables.labels.classes_)
    else:
        model = TableRegressor(transformer, found.estimator, tuple(columns.used))
    _keep(settings, tables, found, model, tracked)
    print(f"done in {time.time() - started:.1f} s", flush=True)
    return 0


def _be_quiet() -> None:
    """No warnings of libraries, no addresses that only containers reach."""
    warnings.simplefilter("ignore")
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _search(
    settings: Settings,
    tables: Tables,
    transformer: Any,  # noqa: ANN401 - scikit-learn's
    used: list[str],
    *,
    progress: Progress,
    seconds: float,
) -> Found:
    training = _numbers(transformer, tables.training, used)
    validation = tables.validation and _numbers(transformer, tables.validation, used)
    found = concurrent_search.search_all(
        settings, training, validation, tables.classes, seconds=seconds, tell=progress.tell
    )
    if not found.trials or found.estimator is None:
        raise ProgramMistakeError(
            f"searching a model: no trial ended within {settings.timeout_seconds} s. Raise `limits.timeout_minutes`."
        )
    return found


def _keep(settings: Settings, tables: Tables, found: Found, model: Any, tracked: JobRun | None) -> None:  # noqa: ANN401
    """Print and store what was found."""
    leaderboard.write_table(settings, found, OUTPUTS)
    best = found.ranked(settings.metric)[0]
    print(f"best: trial {best.number}, {best.algorithm}, {settings.metric} {best.score:.5f}", flush=True)
    test = _test_scores(settings, tables, model)
    if test:
        print("test: " + ", ".join(f"{name} {value:.5f}" for name, value in test.items()), flush=True)
    if settings.is_explained:
        shown = tables.validation or tables.training
        order = explanation.explain(settings, model, shown, tables.classes, OUTPUTS)
        print(f"most important columns: {', '.join(order[:5])}", flush=True)
    if tracked:
        leaderboard.log_children(settings, found, tracked)
        _log_best(settings, best, test, tracked)
    registered = best_model.store(settings, model, tables.training.inputs, is_tracked=tracked is not None)
    if registered:
        print(f"registered as model {registered}", flush=True)


def _log_best(settings: Settings, best: Trial, test: dict[str, float], tracked: JobRun) -> None:
    client, run = tracked.client, tracked.run
    for name, value in {**best.scores, **{f"test_{name}": value for name, value in test.items()}}.items():
        client.log_metric(run, name, value, step=best.number)
    facts = {"task": settings.task, "primary_metric": settings.metric, "algorithm": best.algorithm}
    for name, fact in facts.items():
        client.set_tag(run, f"mlw.automl.{name}", fact)
    for file, folder in ((explanation.PICTURE, "explanation"), (explanation.NUMBERS, "explanation"), (TRIALS, None)):
        if (OUTPUTS / file).exists():
            client.log_artifact(run, str(OUTPUTS / file), folder)


def _test_scores(settings: Settings, tables: Tables, model: Any) -> dict[str, float]:  # noqa: ANN401 - a model
    table = tables.test
    if table is None:
        return {}
    numbers = _numbers(model.featurization, table, list(model.columns))
    return scores(settings.task, model.estimator, numbers.inputs, table.target, tables.classes)


def _numbers(transformer: Any, table: Table, used: list[str]) -> Table:  # noqa: ANN401 - a transformer
    inputs = np.asarray(transformer.transform(table.inputs[used]), dtype=float)
    return replace(table, inputs=inputs)


def _print_facts(settings: Settings, tables: Tables, columns: featurization.Columns) -> None:
    rows = ", ".join(
        f"{name} {len(one.target)}"
        for name, one in (("training", tables.training), ("validation", tables.validation), ("test", tables.test))
        if one is not None
    )
    print(f"rows: {rows}; columns: {len(columns.used)}; CPUs: {cpus()}", flush=True)
    for group, names in columns.groups.items():
        print(f"{group}: {', '.join(names)}", flush=True)
    if columns.left_out:
        print(f"left out, because they say nothing: {', '.join(columns.left_out)}", flush=True)
    print(f"{settings.task}, {settings.metric}; algorithms: {', '.join(settings.learners)}", flush=True)


if __name__ == "__main__":
    sys.exit(running(main))
