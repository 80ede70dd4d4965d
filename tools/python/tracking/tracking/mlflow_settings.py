"""MLflow's settings, which are environment variables that it reads when it is imported.

The names that begin with an underscore are MLflow's own, between its command and its server; a test compares them with
the installed MLflow.
"""

from __future__ import annotations

import os

from .configuration import Configuration

ARTIFACT_ROOT = "mlflow-artifacts:/"
"""Locations are below the server itself: a client never gets an address of the storage account."""


def apply(configuration: Configuration) -> None:
    """Set the variables; before MLflow is imported."""
    os.environ |= {
        "_MLFLOW_SERVER_FILE_STORE": database_uri(configuration),
        "_MLFLOW_SERVER_REGISTRY_STORE": database_uri(configuration),
        "_MLFLOW_SERVER_ARTIFACT_ROOT": ARTIFACT_ROOT,
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": configuration.artifacts.uri,
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        # Access and Application do what this middleware does, and do not trust every page of this machine.
        "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # A stack has one workspace. On, every path of an artifact would begin with `workspaces/default`.
        "MLFLOW_ENABLE_WORKSPACES": "false",
        "MLFLOW_CONFIGURE_LOGGING": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "GIT_PYTHON_REFRESH": "quiet",
    }


def database_uri(configuration: Configuration) -> str:
    """The database, as SQLAlchemy names it."""
    return f"sqlite:///{configuration.database}"
