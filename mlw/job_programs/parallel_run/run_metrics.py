"""Metrics of the job's MLflow run, with the standard library only: the environment may have no client of MLflow."""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

_SECONDS = 5.0
_EVERY_SECONDS = 1.0


class RunMetrics:
    """Logs metrics, not more than once a second; without a tracking server it does nothing."""

    def __init__(self) -> None:
        self._last = 0.0
        self._step = 0

    def log(self, values: Mapping[str, float], *, is_last: bool = False) -> None:
        """Log values; a server that does not respond is no reason to stop the work."""
        run, now = os.environ.get("MLFLOW_RUN_ID"), time.monotonic()
        if not run or (not is_last and now - self._last < _EVERY_SECONDS):
            return
        self._last, self._step = now, self._step + 1
        moment = int(time.time() * 1000)
        metrics = [
            {"key": key, "value": value, "timestamp": moment, "step": self._step} for key, value in values.items()
        ]
        try:
            self._send({"run_id": run, "metrics": metrics})
        except (OSError, urllib.error.URLError) as exc:
            if is_last:
                print(f"warning: the metrics of the run could not be logged: {exc}", flush=True)

    def _send(self, body: Mapping[str, object]) -> None:
        address = f"{os.environ['MLFLOW_TRACKING_URI'].rstrip('/')}/api/2.0/mlflow/runs/log-batch"
        name, word = os.environ.get("MLFLOW_TRACKING_USERNAME", ""), os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
        headers = {"Content-Type": "application/json"}
        if name:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{name}:{word}".encode()).decode()
        request = urllib.request.Request(address, json.dumps(body).encode(), headers)  # noqa: S310 - the stack's server
        urllib.request.urlopen(request, timeout=_SECONDS).close()  # noqa: S310 - likewise
