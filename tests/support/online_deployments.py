"""Files of an online endpoint that adds numbers, as in Azure's examples, and deploying it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.support.documents import ROOT
from tests.support.processes import Finished, run
from tests.support.stacks import Stack

EXAMPLE = ROOT / "examples" / "diabetes" / "online"
SCHEMA = "https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest"
SCORE = """
import json, os, time
from pathlib import Path

def init():
    global offset
    offset = int(Path(os.environ["AZUREML_MODEL_DIR"], "model", "offset.txt").read_text())

def run(raw_data):
    data = json.loads(raw_data)["data"]
    return {"sum": sum(data) + offset, "round": os.environ.get("ROUND", "1")}
"""
NAME, DEPLOYMENT, SUM = "sums", "blue", 13
"""The endpoint, its deployment, and what it returns for :func:`ask`."""


def deployment(name: str, script: str) -> dict[str, Any]:
    """A deployment whose script is in a folder of its own."""
    return {
        "$schema": SCHEMA,
        "name": name,
        "endpoint_name": NAME,
        "model": {"path": "model"},
        "code_configuration": {"code": f"onlinescoring/{script}", "scoring_script": "score.py"},
        # The example's, so that one image is enough.
        "environment": {"conda_file": str(EXAMPLE / "conda.yml"), "image": IMAGE},
        "instance_type": "Standard_DS3_v2",
        "instance_count": 1,
    }


def write_model_and_code(folder: Path, **scripts: str) -> None:
    """Write the model, and scripts by name."""
    for name, text in scripts.items():
        (folder / "onlinescoring" / name).mkdir(parents=True)
        (folder / "onlinescoring" / name / "score.py").write_text(text, encoding="utf-8")
    (folder / "model").mkdir()
    (folder / "model" / "offset.txt").write_text("10", encoding="utf-8")


def call(stack: Stack, group: str, verb: str, *words: str) -> Finished:
    """Run `mlw GROUP VERB STACK ...`."""
    command = ["mlw", group, verb, stack.name, *words]
    return run(command, cwd=stack.environment.project, env=stack.environment.variables, timeout_seconds=300)


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """The address of an endpoint, and its keys."""

    uri: str
    keys: dict[str, str]

    def ask(self, which: str = "primaryKey") -> int:
        """The sum that the deployment computes."""
        headers = {"Authorization": f"Bearer {self.keys[which]}"}
        response = requests.post(self.uri, json={"data": [1, 2]}, headers=headers, timeout=60)
        response.raise_for_status()
        return int(response.json()["sum"])


def deploy(stack: Stack, folder: Path) -> Served:
    """Create the endpoint with its deployment, which gets all traffic."""
    write_model_and_code(folder, score=SCORE)
    file = folder / f"{DEPLOYMENT}.yml"
    file.write_text(yaml.safe_dump(deployment(DEPLOYMENT, "score")), encoding="utf-8")
    call(stack, "online-endpoint", "create", "--name", NAME).check()
    call(stack, "online-deployment", "create", "-f", str(file), "--all-traffic").check()
    return find(stack)


def find(stack: Stack) -> Served:
    """The endpoint as a stack has it."""
    shown = call(stack, "online-endpoint", "show", "-n", NAME, "-o", "json").check()
    keys = call(stack, "online-endpoint", "get-credentials", "-n", NAME).check()
    return Served(uri=json.loads(shown.stdout)["scoring_uri"], keys=json.loads(keys.stdout))
