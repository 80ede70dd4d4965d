"""MLflow's own client, unmodified: on the host, and in a container of the stack's network."""

from pathlib import Path

from docker import DockerClient

from infra import service_images
from infra.services import TRACKING
from tests.support.mlflow_client import mlflow_client
from tests.support.principals import person
from tests.support.stacks import LiveStack

PRINCIPAL = "data-scientist"
MEBIBYTES = 64
"""Size of the artifact, half of the memory that the server has left."""

PROGRAM = """
import hashlib, pathlib, random, sys, tempfile
import mlflow

name, size = sys.argv[1], int(sys.argv[2]) << 20
content = random.Random(name).randbytes(size)
mlflow.set_experiment(name)
with mlflow.start_run() as run:
    mlflow.log_param("rate", 0.1)
    mlflow.log_metrics({"loss": 0.5}, step=1)
    mlflow.set_tag("kind", "test")
    file = pathlib.Path(tempfile.mkdtemp()) / "weights.bin"
    file.write_bytes(content)
    mlflow.log_artifact(str(file), "model")
client = mlflow.MlflowClient()
client.create_registered_model(name)
client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
folder = pathlib.Path(mlflow.artifacts.download_artifacts(f"models:/{name}/1", dst_path=tempfile.mkdtemp()))
(found,) = folder.rglob("weights.bin")
assert hashlib.sha256(found.read_bytes()).digest() == hashlib.sha256(content).digest()
data = client.get_run(run.info.run_id).data
print(data.params, data.metrics, data.tags["kind"])
"""
PRINTED = "{'rate': '0.1'} {'loss': 0.5} test"


def test_it_logs_registers_and_downloads_on_the_host(tracked: LiveStack, marker: str, tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text(PROGRAM)
    command = [str(mlflow_client() / "python"), str(program), marker, str(MEBIBYTES)]

    done = tracked.stack.environment.mlw("run", tracked.stack.name, "--principal", PRINCIPAL, "--", *command)

    assert done.check().stdout.splitlines()[-1] == PRINTED


def test_it_does_the_same_in_the_stacks_network(tracked: LiveStack, engine: DockerClient, marker: str) -> None:
    held = person(tracked.outputs, PRINCIPAL).held

    printed = engine.containers.run(
        service_images.table()[TRACKING.image].image,
        ["-c", PROGRAM, marker, str(MEBIBYTES)],
        entrypoint=["python3"],
        network=tracked.outputs["resourceGroup"]["name"],
        environment={
            "MLFLOW_TRACKING_URI": "http://tracking:5000",
            "MLFLOW_TRACKING_USERNAME": held["trackingUsername"],
            "MLFLOW_TRACKING_PASSWORD": held["trackingPassword"],
        },
        remove=True,
    )

    assert printed.decode().splitlines()[-1] == PRINTED
