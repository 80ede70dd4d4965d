"""Where the script of a batch deployment finds its model, and where it writes files: Azure's variables."""

from __future__ import annotations

import os
from pathlib import Path

from mlw.job_programs.parallel_run.parallel_settings import Settings

MODEL, OUTPUT = "AZUREML_MODEL_DIR", "AZUREML_BI_OUTPUT_PATH"


def set_variables(settings: Settings) -> None:
    """Set the variables; the processes of the script inherit them."""
    if settings.output:
        os.environ[OUTPUT] = os.environ[f"AZURE_ML_OUTPUT_{settings.output}"]
    if settings.model:
        place = Path(os.environ[f"AZURE_ML_INPUT_{settings.model}"])
        os.environ[MODEL] = str(place.parent if place.is_file() else place)
