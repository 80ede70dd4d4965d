"""Online endpoints in memory, the same in every run, with names that do harm where a page does not escape them."""

from collections.abc import Iterator
from contextlib import contextmanager

from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.endpoint_records import DeployedModel, Deployment, Endpoint, EndpointRecords
from tests.support.insights_rows import EVIL
from tests.support.memory_documents import CONNECTION, MemoryDocuments

LOG = f"ready\n\x1b[31m{EVIL}\x1b[0m\n"
FRONT = "http://127.0.0.1:20009"
MODEL = DeployedModel(name=EVIL, version="1", location="LocalUpload/none", type="custom_model")


def _deployment(name: str) -> Deployment:
    return Deployment(
        name=name, endpoint="churn", document={"name": name, "endpoint_name": "churn"}, revision="r", instance_count=1,
        server="score", image="image@sha256:0", model=MODEL,
    )  # fmt: skip


class ExampleEngine:
    """Containers of the example: that of `green` has ended."""

    def instances(self, _endpoint: str = "") -> list[Instance]:
        return [
            Instance(
                name=f"churn-{name}", endpoint="churn", deployment=name, revision="r", number=0,
                is_running=name == "blue", is_stopped=name != "blue",
            )
            for name in ("blue", "green")
        ]  # fmt: skip

    def instance_of(self, deployment: Deployment, number: int) -> str:
        return f"{deployment.name}-{number}"

    def log(self, _name: str, _lines: int) -> str:
        return LOG


class ExampleEndpoints:
    """What the panel reads and changes."""

    front, user, connection, principal = FRONT, "somebody", CONNECTION, None
    record_id = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw"

    def __init__(self) -> None:
        self.records = EndpointRecords(MemoryDocuments(), "azureml")
        self.engine = ExampleEngine()
        self.records.create(
            Endpoint(name="churn", description=EVIL, tags={"team": EVIL}, traffic={"blue": 90, "green": 10})
        )
        for name in ("blue", "green"):
            self.records.write(_deployment(name))

    def scoring_uri(self, endpoint: str) -> str:
        return f"{FRONT}/{endpoint}/score"

    def located(self, deployment: Deployment) -> Deployment:
        return deployment

    @contextmanager
    def changing(self, _endpoint: str) -> Iterator[None]:
        yield
