"""The program `tracking`: `--config FILE` serves, `--version` prints MLflow's version."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from . import log_lines
from .configuration import Configuration, ConfigurationError, load

_log = logging.getLogger("tracking")


def main() -> int:
    """Run the program; return its exit code."""
    parser = argparse.ArgumentParser(prog="tracking", description="Serve MLflow's API behind the workspace's login.")
    parser.add_argument("--config", type=Path, default=Path("/etc/tracking/config.json"), metavar="FILE")
    parser.add_argument("--version", action="store_true", help="print MLflow's version and exit")
    arguments = parser.parse_args()
    if arguments.version:
        sys.stdout.write(f"{version('mlflow')}\n")
        return 0
    log_lines.start()
    return _leave(_run(arguments.config))


def _run(path: Path) -> int:
    try:
        _serve(load(path))
    except ConfigurationError as exc:
        _log.error("not started: %s", exc)
        return 1
    return 0


def _serve(configuration: Configuration) -> None:
    # MLflow reads its settings when it is imported, which the modules below do.
    from . import mlflow_settings  # noqa: PLC0415

    mlflow_settings.apply(configuration)
    from . import application, artifact_repository, database, request_spans, serving  # noqa: PLC0415
    from .artifact_store import ArtifactStore  # noqa: PLC0415
    from .trash import Trash  # noqa: PLC0415
    from .users import Users  # noqa: PLC0415

    database.prepare(configuration.database)
    store = ArtifactStore(configuration.artifacts)
    trash = Trash(configuration.database, store, configuration.trash_retention_days)
    users = Users(configuration.users)
    served = application.make_application(store, users, configuration.allowed_hosts, trash.lock)
    artifact_repository.register(store, configuration.artifacts.uri)
    trash.start()
    if configuration.telemetry is None:
        serving.run(served, configuration)
    else:
        spans = request_spans.make_provider(configuration.telemetry)
        serving.run(request_spans.Tracing(served, spans), configuration)
        request_spans.finish(spans)
    database.close(configuration.database)
    _log.info("stopped")


def _leave(code: int) -> NoReturn:
    """End at once: the interpreter takes seconds to take apart what MLflow has imported."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
