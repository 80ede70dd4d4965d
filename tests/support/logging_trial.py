"""Log values of the metric `loss`, as a script with MLflow's client does; with a second argument, then wait."""

import base64
import json
import os
import sys
import time
import urllib.request

LOGIN = f"{os.environ['MLFLOW_TRACKING_USERNAME']}:{os.environ['MLFLOW_TRACKING_PASSWORD']}"
HEADERS = {
    "Content-Type": "application/json",
    "Authorization": f"Basic {base64.b64encode(LOGIN.encode()).decode()}",
}

for step, text in enumerate(sys.argv[1].split(",")):
    metric = {"key": "loss", "value": float(text), "timestamp": int(time.time() * 1000), "step": step}
    body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], **metric}).encode()
    address = f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/runs/log-metric"
    urllib.request.urlopen(urllib.request.Request(address, body, HEADERS)).read()  # noqa: S310 - MLflow's
time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 0)
