"""Cross-validate a ridge regression, log the mean R2, and keep the model that is trained with all rows."""

import argparse
from pathlib import Path

import joblib
import mlflow
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--table", required=True)
parser.add_argument("--alpha", type=float, required=True)
parser.add_argument("--model", type=Path, required=True)
arguments = parser.parse_args()

table = np.loadtxt(arguments.table, delimiter=",")
model = make_pipeline(StandardScaler(), Ridge(alpha=arguments.alpha))
mlflow.log_metric("cv_r2", cross_val_score(model, table[:, :-1], table[:, -1], cv=5).mean())
joblib.dump(model.fit(table[:, :-1], table[:, -1]), arguments.model / "model.joblib")
