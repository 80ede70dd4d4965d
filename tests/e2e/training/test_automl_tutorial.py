"""The tutorial on AutoML, as a new user runs it; and what the job leaves: leaderboard, model, explanation."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.documents import ROOT
from tests.support.jobs_workspace import Mlw, data_of
from tests.support.stacks import LiveStack
from tests.support.tutorials import run_tutorial

TUTORIAL = ROOT / "docs" / "tutorial-automl.md"
PNG = b"\x89PNG"


@pytest.fixture
def example(jobs_stack: LiveStack) -> Path:
    """The example in the project."""
    target = jobs_stack.stack.environment.project / "examples" / "breast-cancer"
    shutil.copytree(ROOT / "examples" / "breast-cancer", target, dirs_exist_ok=True)
    return target


def test_the_tutorial_finds_a_good_model_with_leaderboard_and_explanation(
    jobs_stack: LiveStack, mlw: Mlw, example: Path
) -> None:
    missing = run_tutorial(TUTORIAL, jobs_stack)

    assert missing == []
    job = data_of(mlw("job", "show", "cancer", "-o", "json"))
    assert (job["type"], job["status"], list(job["outputs"])) == ("automl", "Completed", ["best_model"])
    run = data_of(mlw("run", "show", job["run_id"], "-o", "json"))
    assert [run["metrics"]["AUC_weighted"] > 0.97, run["metrics"]["test_AUC_weighted"] > 0.95] == [True, True]
    query = f"tags.`mlflow.parentRunId` = '{job['run_id']}'"
    children = data_of(mlw("run", "list", "--filter", query, "-o", "json"))
    best = next(one for one in children if one["runId"] == run["tags"]["automl_best_child_run_id"])
    assert len({one["params"]["algorithm"] for one in children}) == len(children) > 1
    assert best["metrics"]["AUC_weighted"] == max(one["metrics"]["AUC_weighted"] for one in children)
    kept = example.parents[1] / "build" / "cancer"
    assert (kept / "artifacts/outputs/feature_importance.png").read_bytes().startswith(PNG)
    model = kept / "named-outputs" / "best_model"
    assert "signature:" in (model / "MLmodel").read_text(encoding="utf-8")
    assert len(json.loads((model / "input_example.json").read_text(encoding="utf-8"))["columns"]) == 30
