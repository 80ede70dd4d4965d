"""Carries out a job of type `monitor`: `python -m mlw.job_programs.model_monitor SETTINGS`, with data in variables."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

from mlw.job_programs.model_monitor import alert_events, feature_checks, feature_columns, monitor_report, windowed_rows
from mlw.job_programs.model_monitor.monitor_report import Result
from mlw.job_programs.model_monitor.monitor_settings import INPUT_TIME, LEAST_ROWS, Settings, Signal, moment_of
from mlw.job_programs.program_errors import running

OUTPUTS = Path("outputs")


def main() -> int:
    """Read, compare, store, tell."""
    _be_quiet()
    settings = Settings.of(sys.argv[1])
    now = moment_of(os.environ[f"AZURE_ML_INPUT_{INPUT_TIME}"])
    result, reports = Result(), {}
    for signal in settings.signals:
        report = _compare(signal, now, result)
        if report is not None:
            reports[signal.name] = report
    files = monitor_report.write(settings, result, reports, OUTPUTS)
    monitor_report.log(result, files)
    for alert in result.alerts:
        print(f"alert: {alert_events.text_of(alert)}", flush=True)
    if result.alerts and not alert_events.send(settings, result.alerts):
        print("no events: the role of the compute does not allow to send telemetry", flush=True)
    print(f"result: {result.status}", flush=True)
    return 0


def _compare(signal: Signal, now: datetime, result: Result) -> Any:  # noqa: ANN401 - Evidently's report
    """Add what a signal shows to the result; returns the report, None for none."""
    production, reference = (windowed_rows.frame_of(one, now) for one in (signal.production, signal.reference))
    rows = {"production": len(production), "reference": len(reference)}
    result.rows[signal.name] = rows
    print(f"signal '{signal.name}': {', '.join(f'{key} rows {count}' for key, count in rows.items())}", flush=True)
    few = [key for key, count in rows.items() if count < LEAST_ROWS]
    if few:
        why = f"too little data: fewer than {LEAST_ROWS} rows of {' and of '.join(few)} data"
        result.skipped[signal.name] = why
        print(f"signal '{signal.name}': not computed, {why}", flush=True)
        return None
    columns = feature_columns.columns_of(signal, production, reference)
    checks, report = feature_checks.checks_of(signal, columns)
    result.checks += checks
    result.alerts += [one for one in checks if one.is_crossed and signal.has_alerts]
    return report


def _be_quiet() -> None:
    """No warnings of libraries, no addresses that only containers reach, and nothing sent to Evidently's makers."""
    os.environ.update(dict.fromkeys(("DO_NOT_TRACK", "ITERATIVE_DO_NOT_TRACK"), "1"))
    warnings.simplefilter("ignore")
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    logging.getLogger("mlflow").setLevel(logging.ERROR)


if __name__ == "__main__":
    sys.exit(running(main))
