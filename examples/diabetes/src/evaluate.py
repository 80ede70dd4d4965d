"""Evaluate a model with rows that it has not seen."""

import argparse
import json
from pathlib import Path

import joblib
import mlflow
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--model", type=Path, required=True)
parser.add_argument("--table", required=True)
parser.add_argument("--report", type=Path, required=True)
arguments = parser.parse_args()

table = np.loadtxt(arguments.table, delimiter=",")
r2 = joblib.load(arguments.model / "model.joblib").score(table[:, :-1], table[:, -1])
mlflow.log_metric("test_r2", r2)
arguments.report.write_text(json.dumps({"test_r2": r2}), encoding="utf-8")
print(f"test R2: {r2:.3f}")
