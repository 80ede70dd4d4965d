"""A model of MLflow that needs no training."""

from pathlib import Path

import yaml

PYFUNC = """
import pandas

class Model:
    def predict(self, data):
        return [value * 2 for value in data["a"]]

def _load_pyfunc(path):
    return Model()
"""


def write_doubling_model(folder: Path) -> None:
    """Write a model that doubles its column `a`."""
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "doubling.py").write_text(PYFUNC, encoding="utf-8")
    (folder / "conda.yaml").write_text(
        "dependencies:\n- python=3.11\n- pip\n- pip:\n  - mlflow==3.17.2\n", encoding="utf-8"
    )
    flavor = {"loader_module": "doubling", "code": "code", "env": {"conda": "conda.yaml"}}
    description = {"flavors": {"python_function": flavor}, "mlflow_version": "3.17.2", "model_uuid": "0" * 32}
    (folder / "MLmodel").write_text(yaml.safe_dump(description), encoding="utf-8")
