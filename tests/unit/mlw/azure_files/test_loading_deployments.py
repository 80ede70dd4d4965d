"""Files of online and batch deployments: what they refer to, and what cannot run here."""

import pytest

from mlw.azure_files.azure_file_errors import AzureFileError, NotRunnableHereError
from mlw.azure_files.loading import load

from .conftest import Write

BLUE = """
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: blue
endpoint_name: my-endpoint
model:
  path: ../../model-1/model/
code_configuration:
  code: ../../model-1/onlinescoring/
  scoring_script: score.py
environment:
  conda_file: ../../model-1/environment/conda.yaml
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest
instance_type: Standard_DS3_v2
instance_count: 1
"""
"""As in Azure's public examples."""


def test_everything_that_a_deployment_refers_to_is_found(write: Write) -> None:
    write("model-1/model/model.pkl")
    script = write("model-1/onlinescoring/score.py")
    write("model-1/environment/conda.yaml", "dependencies: [python=3.11]")
    file = write("managed/sample/blue-deployment.yml", BLUE)

    found = load("online_deployment", file, ["instance_count=2"], "green")

    assert found["model"] == {"path": str(script.parents[1] / "model")}
    assert found["code_configuration"] == {"code": str(script.parent), "scoring_script": "score.py"}
    assert found["environment"]["conda_file"] == {"dependencies": ["python=3.11"]}
    assert (found["name"], found["instance_count"], "$schema" in found) == ("green", 2, False)


def test_a_registered_model_keeps_its_reference(write: Write) -> None:
    found = load("online_deployment", write("d.yml", "name: d\nendpoint_name: e\nmodel: azureml:churn@latest"))

    assert found["model"] == "azureml:churn@latest"


def test_all_missing_files_are_reported(write: Write) -> None:
    with pytest.raises(AzureFileError) as caught:
        load("online_deployment", write("d.yml", BLUE))

    assert [one in str(caught.value) for one in ("model/", "onlinescoring/", "conda.yaml")] == [True, True, True]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("type: kubernetes", "Kubernetes cluster"),
        ("environment: {image: i, inference_config: {liveness_route: {path: /, port: 80}}}", "server of their own"),
        ("model: azureml://registries/azureml/models/m/versions/1", "registries are a service of Azure"),
    ],
)
def test_what_cannot_run_here_is_refused(write: Write, fields: str, said: str) -> None:
    with pytest.raises(NotRunnableHereError, match=said):
        load("online_deployment", write("d.yml", f"name: d\nendpoint_name: e\n{fields}"))


BATCH = """
$schema: https://azuremlschemas.azureedge.net/latest/modelBatchDeployment.schema.json
name: trees
endpoint_name: churn-batch
type: model
model: azureml:churn@latest
code_configuration: {code: code, scoring_script: batch_driver.py}
environment: azureml:sklearn@latest
compute: azureml:batch-cluster
resources: {instance_count: 1}
settings:
  mini_batch_size: 10
  retry_settings: {max_retries: 3, timeout: 30}
"""
"""As in Azure's public examples."""


def test_both_forms_of_a_batch_deployment_are_one(write: Write) -> None:
    script = write("code/batch_driver.py")
    nested = load("batch_deployment", write("nested.yml", BATCH))
    flat = load("batch_deployment", write("flat.yml", BATCH.replace("\nsettings:", "").replace("\n  ", "\n")))

    assert nested == flat
    assert (nested["mini_batch_size"], nested["retry_settings"]["timeout"]) == (10, 30)
    assert nested["code_configuration"]["code"] == str(script.parent)
    assert nested["compute"] == "batch-cluster"


def test_a_batch_deployment_of_a_pipeline_is_refused(write: Write) -> None:
    with pytest.raises(NotRunnableHereError, match=r"type 'pipeline': .*mlw job create"):
        load("batch_deployment", write("d.yml", "name: d\nendpoint_name: e\ntype: pipeline\ncomponent: azureml:c:1"))
