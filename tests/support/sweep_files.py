"""Files of sweep jobs whose trials log a loss."""

import shutil
from pathlib import Path
from typing import Any

import yaml

LOG = Path(__file__).with_name("logging_trial.py")


def write_sweep(folder: Path, command: str, **over: Any) -> Path:  # noqa: ANN401 - YAML
    """Write a sweep whose trials run a command in a folder with `log.py`."""
    (folder / "src").mkdir(exist_ok=True)
    shutil.copy(LOG, folder / "src" / "log.py")
    document = {
        "$schema": "https://azuremlschemas.azureedge.net/latest/sweepJob.schema.json",
        "type": "sweep",
        "trial": {"command": command, "code": "src", "environment": {"image": "python:3.11"}},
        "compute": "azureml:cpu-cluster",
        "sampling_algorithm": "grid",
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "experiment_name": "sweeps",
        **over,
    }
    file = folder / "sweep.yml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file
