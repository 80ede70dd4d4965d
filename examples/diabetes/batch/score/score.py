"""Predict the progression of diabetes: init() is called once in each process, run() for each mini-batch of files."""

import os
from pathlib import Path
from typing import Any

import joblib
import numpy as np

model: Any = None


def init() -> None:
    """Load the model."""
    global model  # noqa: PLW0603 - where run() finds it
    model = joblib.load(Path(os.environ["AZUREML_MODEL_DIR"]) / "model" / "model.joblib")


def run(mini_batch: list[str]) -> list[str]:
    """Predict for each row of each file: a line with the name of the file and the prediction."""
    lines = []
    for path in mini_batch:
        table = np.loadtxt(path, delimiter=",", ndmin=2)
        lines += [f"{Path(path).name} {value:.0f}" for value in model.predict(table)]
    return lines
