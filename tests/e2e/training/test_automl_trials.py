"""An AutoML job whose table has its own folds, and whose trials run at the same time."""

import csv
import io
import itertools
from pathlib import Path
from typing import Any

import yaml

from tests.support.jobs_workspace import Mlw, data_of
from tests.support.object_store import s3_client
from tests.support.stacks import LiveStack

MLTABLE = "paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited:\n      delimiter: ','\n"
ROWS = 150


def _write(folder: Path) -> Path:
    (folder / "table").mkdir()
    (folder / "table" / "MLTable").write_text(MLTABLE, encoding="utf-8")
    lines = (
        f"{one},{one * one % 37},{'abc'[one % 3]},{int(one > ROWS // 2)},{int(one % 4 > 0)},{int(one % 5 > 0)}"
        for one in range(ROWS)
    )
    (folder / "table" / "rows.csv").write_text("\n".join(("x,y,word,kind,first,second", *lines)), encoding="utf-8")
    document = {
        "type": "automl",
        "task": "classification",
        "compute": "azureml:local",
        "experiment_name": "folds",
        "target_column_name": "kind",
        "primary_metric": "accuracy",
        "training_data": {"type": "mltable", "path": "./table"},
        "cv_split_column_names": ["first", "second"],
        "test_data_size": 0.3,
        "limits": {"timeout_minutes": 2, "max_trials": 16, "max_concurrent_trials": 2},
        "training": {"allowed_training_algorithms": ["light_gbm", "sgd"], "enable_model_explainability": False},
        "outputs": {"best_model": {"type": "mlflow_model"}},
    }
    file = folder / "job.yml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def _overlaps(trials: list[dict[str, str]]) -> bool:
    """Whether two trials ran at the same time."""
    times = sorted((float(one["started"]), float(one["started"]) + float(one["seconds"])) for one in trials)
    return any(later[0] < earlier[1] for earlier, later in itertools.pairwise(times))


def test_trials_run_at_the_same_time_and_are_validated_with_the_folds_of_the_table(
    mlw: Mlw, jobs_stack: LiveStack, tmp_path: Path
) -> None:
    done = mlw("job", "create", "-f", str(_write(tmp_path)), "--name", "folds", "--stream")

    assert done.exit_code == 0, done.output[-2000:]
    assert "trials at the same time: 2, each on" in done.output
    key = "ExperimentRun/dcid.folds/outputs/trials.csv"
    content = s3_client(jobs_stack.outputs).get_object(Bucket="azureml", Key=key)["Body"].read().decode()
    trials = list(csv.DictReader(io.StringIO(content)))
    assert (len(trials), {one["algorithm"] for one in trials}) == (16, {"light_gbm", "sgd"})
    assert _overlaps(trials)
    job: dict[str, Any] = data_of(mlw("job", "show", "folds", "-o", "json"))
    metrics = data_of(mlw("run", "show", job["run_id"], "-o", "json"))["metrics"]
    # The test rows and the model agree: the model is what was measured.
    assert abs(metrics["test_accuracy"] - metrics["accuracy"]) < 0.2
    assert "rows: training 105, test 45; columns: 3" in done.output
