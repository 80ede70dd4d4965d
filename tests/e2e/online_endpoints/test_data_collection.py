"""Collected inputs and outputs of online deployments, as Azure lays them out."""

import json

import pytest
import requests
import yaml
from minio.error import MinioAdminException

from infra.labels import COLLECTOR
from tests.support.jobs_workspace import data_of
from tests.support.object_store import admin_client
from tests.support.online_deployments import IMAGE, deployment
from tests.support.served_endpoints import COLLECTED, Served, records

FOLDER = "modelDataCollector"
SCRIPT = """
import json
import pandas
from azureml.ai.monitoring import Collector

def init():
    global inputs
    inputs = Collector(name="model_inputs")

def run(raw_data):
    data = json.loads(raw_data)["data"]
    inputs.collect(pandas.DataFrame({"value": data}))
    return {"sum": sum(data)}
"""
PACKAGES = ["azureml-inference-server-http", "azureml-ai-monitoring==1.0.0", "pandas"]


def test_a_model_of_mlflow_needs_no_code_and_its_inputs_and_outputs_are_collected(served: Served) -> None:
    made = data_of(served.mlw("online-endpoint", "create", "-f", str(served.files["other"])))
    folder = f"{FOLDER}/others/mlflow"
    try:
        served.mlw("online-deployment", "create", "-f", str(served.files["mlflow"]), "--all-traffic").check()
        key = data_of(served.mlw("online-endpoint", "get-credentials", "-n", "others"))["primaryKey"]
        headers = {"Authorization": f"Bearer {key}"}
        data = {"columns": ["a"], "index": [0, 1], "data": [[1], [2.5]]}
        azures = requests.post(made["scoring_uri"], json={"input_data": data}, headers=headers, timeout=60)
        collected = {name: records(served, f"{folder}/{name}/") for name in COLLECTED}
        mlflows = requests.post(made["scoring_uri"], json={"dataframe_split": data}, headers=headers, timeout=60)
        shown = data_of(served.mlw("online-deployment", "show", "-n", "mlflow", "-e", "others", "-o", "json"))
    finally:
        served.mlw("online-endpoint", "delete", "-n", "others", "--yes").check()

    assert azures.json() == [2.0, 5.0]
    assert mlflows.json() == {"predictions": [2.0, 5.0]}
    assert served.instances("others") == {}
    assert {name: [one["data"] for one in found] for name, found in collected.items()} == {
        "model_inputs": [[{"a": 1}, {"a": 2.5}]],
        "model_outputs": [[{"0": 2.0}, {"0": 5.0}]],
        "response": [[2.0, 5.0]],
    }
    assert len({one["correlationid"] for (one,) in collected.values()}) == 1
    assert collected["response"][0]["source"].endswith("/onlineEndpoints/others/deployments/mlflow")
    counts = shown["data_collector"]["records"]
    assert (counts["collected"], counts["dropped"]) == (6, 0)
    asset = data_of(served.mlw("data", "show", "-n", "others-mlflow-model_inputs", "-v", "1", "-o", "json"))
    assert asset["path"] == f"azureml://datastores/workspaceblobstore/paths/{folder}/model_inputs/"
    # What waited when its container ended.
    assert len(records(served, f"{folder}/response/")) == 2


def test_a_scoring_script_collects_with_azures_package_and_a_user_of_its_own(served: Served) -> None:
    code, file = (served.files["folder"] / one for one in ("onlinescoring/collecting", "collecting.yml"))
    code.mkdir()
    (code / "score.py").write_text(SCRIPT, encoding="utf-8")
    environment = {"image": IMAGE, "conda_file": {"dependencies": ["python=3.11", "pip", {"pip": PACKAGES}]}}
    collections = {key: {"enabled": "True"} for key in ("model_inputs", "request", "response")}
    collector = {"collections": collections, "rolling_rate": "day"}
    document = {**deployment("watched", "collecting"), "environment": environment, "data_collector": collector}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    folder = f"{FOLDER}/sums/watched"
    served.mlw("online-deployment", "create", "-f", str(file)).check()
    try:
        assert served.ask(**{"azureml-model-deployment": "watched"}).json() == {"sum": 3}

        (given,) = records(served, f"{folder}/model_inputs/")
        (request,) = records(served, f"{folder}/request/")
        (response,) = records(served, f"{folder}/response/")
        ((name, attributes),) = ((key, one) for key, one in served.instances().items() if "-watched-" in key)
        volume = served.engine.volumes.get(name.rpartition("-")[0])
        read = served.engine.containers.get(name).exec_run(["cat", "/var/azureml-app/.mlw/collector.json"]).output
    finally:
        served.mlw("online-deployment", "delete", "-n", "watched", "-e", "sums", "--yes").check()

    assert given["data"] == [{"value": 1}, {"value": 2}]
    assert given["agent"] == "azureml-ai-monitoring/1.0.0"
    assert given["collectdatatype"].endswith(".DataFrame")
    assert (request["data"], request["path"], request["method"]) == ({"data": [1, 2]}, "/score", "POST")
    assert (response["data"], response["statuscode"]) == ({"sum": 3}, "200")
    assert isinstance(read, bytes)
    keys, user = json.loads(read)["storage"], volume.attrs["Labels"][COLLECTOR]
    assert keys["access_key"] == user
    assert keys["secret_key"] not in json.dumps([attributes, volume.attrs])
    with pytest.raises(MinioAdminException, match="404"):
        admin_client(served.stack.outputs).user_info(user)
    assert len(records(served, f"{folder}/")) == 3
