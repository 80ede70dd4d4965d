"""What a monitor has found: a file, Evidently's reports, and the metrics of the job's run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mlw.job_programs.model_monitor.feature_checks import Check
from mlw.job_programs.model_monitor.monitor_settings import Settings

RESULT = "monitor.json"
"""`mlw schedule show` reads it, too."""

ALERTS, NO_ALERTS, TOO_LITTLE = "alerts", "no alerts", "too little data"
_TAG = "mlw.monitor"
_NOT_IN_NAME = re.compile(r"[^\w./ -]")


@dataclass
class Result:
    """What one job has found.

    Attributes:
        rows: Signal to the rows that were compared, of both tables.
        alerts: Those of the checks that are alerts.
        skipped: Signal to why it was not computed.
    """

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    alerts: list[Check] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """In a word."""
        if self.alerts:
            return ALERTS
        return NO_ALERTS if self.rows.keys() - self.skipped.keys() else TOO_LITTLE


def write(settings: Settings, result: Result, reports: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write all files; returns them."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [folder / RESULT]
    found = {"monitor": settings.monitor, "target": settings.target, "status": result.status, **asdict(result)}
    made[0].write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for name, report in reports.items():
        page, values = (folder / f"{name}.{suffix}" for suffix in ("html", "json"))
        report.save_html(str(page))
        values.write_text(report.json(), encoding="utf-8")
        made += [page, values]
    return made


def log(result: Result, files: list[Path]) -> None:
    """Log metrics, tags and files to the job's run, if there is one."""
    run = os.environ.get("MLFLOW_RUN_ID")
    if not run:
        return
    import time  # noqa: PLC0415 - only with a run

    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds
    from mlflow.entities import Metric, RunTag  # noqa: PLC0415 - likewise

    client, now = MlflowClient(), int(time.time() * 1000)
    values = {metric_name(one): one.value for one in result.checks}
    values["alerts"] = float(len(result.alerts))
    metrics = [Metric(name, value, now, 0) for name, value in values.items()]
    for start in range(0, len(metrics), 500):
        client.log_batch(run, metrics=metrics[start : start + 500])
    client.log_batch(run, tags=[RunTag(_TAG, result.status)])
    for file in files:
        client.log_artifact(run, str(file), "monitor")


def metric_name(check: Check) -> str:
    """Name of a metric of the run; MLflow allows few characters."""
    return _NOT_IN_NAME.sub("_", f"{check.signal}/{check.feature}/{check.metric}")
