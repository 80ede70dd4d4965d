"""Predict the progression of diabetes: Azure's server calls init() once, and run() for each request."""

import json
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


def run(raw_data: str) -> Any:  # noqa: ANN401 - JSON
    """Predict for each row of a request."""
    table = np.array(json.loads(raw_data)["data"])
    return model.predict(table).round(int(os.environ.get("DIGITS", "0"))).tolist()
