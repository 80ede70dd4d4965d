"""The best model: stored as the job's output, logged to its run with signature and example, registered."""

from __future__ import annotations

import logging
import os
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from mlw.job_programs import automl
from mlw.job_programs.automl.automl_settings import Settings

OUTPUT = "best_model"
EXAMPLE_ROWS = 3
_PACKAGES = ("scikit-learn", "flaml", "lightgbm", "xgboost-cpu", "pandas", "numpy", "scipy", "cloudpickle")
_MODULES = {"flaml": "flaml", "lightgbm": "lightgbm", "xgboost": "xgboost-cpu"}
_STACKED = 20
"""More models than a stack has; a forest has trees."""


def store(settings: Settings, model: Any, table: Any, *, is_tracked: bool) -> str:  # noqa: ANN401 - a model, a data frame
    """Store the model; what it is registered as, empty without a tracking server.

    Args:
        settings: Of the job.
        model: The whole model.
        table: Input columns; the first rows are the example.
        is_tracked: Whether there is a tracking server.
    """
    import cloudpickle  # noqa: PLC0415 - with MLflow, which takes seconds
    import mlflow  # noqa: PLC0415 - likewise

    logging.getLogger("mlflow.sklearn").setLevel(logging.ERROR)  # it would recommend another format
    # So that the model can be loaded where this program is not.
    cloudpickle.register_pickle_by_value(automl)
    example = table.head(EXAMPLE_ROWS)
    given = {
        "signature": mlflow.models.infer_signature(table.head(200), model.predict(table.head(200))),
        "input_example": example,
        "pip_requirements": _requirements(model),
        "serialization_format": "cloudpickle",
    }
    place = Path(os.environ[f"AZURE_ML_OUTPUT_{OUTPUT}"])
    if not is_tracked:
        shutil.rmtree(place, ignore_errors=True)
        mlflow.sklearn.save_model(model, place, **given)
        return ""
    logged = mlflow.sklearn.log_model(model, name=OUTPUT, **given)
    mlflow.artifacts.download_artifacts(artifact_uri=logged.model_uri, dst_path=str(place))
    registered = mlflow.register_model(logged.model_uri, settings.model or os.environ["AZUREML_RUN_ID"])
    return f"'{registered.name}', version {registered.version}"


def _requirements(model: Any) -> list[str]:  # noqa: ANN401 - a model
    """Packages that the model needs, without the libraries of other learners; only a stack keeps FLAML's models."""
    parts = (model.estimator, *getattr(model.estimator, "estimators_", ())[:_STACKED])
    modules = {type(one).__module__.partition(".")[0] for one in parts}
    own = set(_MODULES.values()) if "flaml" in modules else {_MODULES.get(one) for one in modules}
    needed = [name for name in _PACKAGES if name not in _MODULES.values() or name in own]
    return [
        f"mlflow-skinny=={metadata.version('mlflow-skinny')}",
        *(f"{one}=={metadata.version(one)}" for one in needed),
    ]
