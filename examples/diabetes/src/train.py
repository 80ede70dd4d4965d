"""Train a ridge regression; the metric is in the job's MLflow run without any set-up."""

import argparse
from pathlib import Path

import joblib
import mlflow
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--table", required=True)
parser.add_argument("--alpha", type=float, required=True)
parser.add_argument("--model", type=Path, required=True)
arguments = parser.parse_args()

table = np.loadtxt(arguments.table, delimiter=",")
model = make_pipeline(StandardScaler(), Ridge(alpha=arguments.alpha)).fit(table[:, :-1], table[:, -1])
r2 = model.score(table[:, :-1], table[:, -1])
mlflow.log_param("alpha", arguments.alpha)
mlflow.log_metric("training_r2", r2)
joblib.dump(model, arguments.model / "model.joblib")
print(f"training R2: {r2:.3f}")
