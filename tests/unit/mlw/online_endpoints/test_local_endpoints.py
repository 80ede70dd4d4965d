"""Local endpoints and deployments: what is known of them, what an update keeps, and what is refused."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from mlw.online_endpoints import deployment_changes, local_deployments, local_endpoints, rollout
from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.endpoint_commands import update
from mlw.online_endpoints.endpoint_errors import EndpointError, EndpointNotFoundError
from mlw.online_endpoints.endpoint_options import Endpoints
from mlw.online_endpoints.endpoint_records import Deployment
from mlw.online_endpoints.local_workspace import LocalWorkspace

FILE = {
    "name": "blue", "endpoint_name": "churn", "model": "azureml:churn:1", "environment_variables": {"LEVEL": "info"},
}  # fmt: skip


@dataclass
class LocalEngine:
    """Containers in memory; each listens while it is here."""

    found: list[Instance] = field(default_factory=list)

    def instances(self, endpoint: str = "") -> list[Instance]:
        return [one for one in self.found if endpoint in {"", one.endpoint}]

    def address(self, name: str) -> str:
        return f"http://127.0.0.1/{name}"

    def remove(self, name: str) -> None:
        self.found = [one for one in self.found if one.name != name]

    def volumes(self, _endpoint: str) -> dict[str, tuple[str, str, str]]:
        return {}


class Scene:
    """A workspace with one local endpoint, whose deployments become ready at once."""

    def __init__(self, home: Path) -> None:
        stack: Any = SimpleNamespace(name="dev", stack_id="id", context=SimpleNamespace(home=home))
        self.said: list[str] = []
        self.local = LocalWorkspace(stack, None, self.said.append)
        self.engine = LocalEngine()
        vars(self.local)["engine"] = self.engine
        self.made = 0
        local_endpoints.create(self.local, {"name": "churn", "tags": {"team": "a"}})

    def resolved(self, _workspace: LocalWorkspace, document: dict[str, Any], *_: object, **__: object) -> Deployment:
        self.made += 1
        return Deployment(
            name=document["name"], endpoint=document["endpoint_name"], document=document, revision=f"r{self.made}",
            instance_count=1, server="mlflow", image="image",
        )  # fmt: skip

    def bring_up(self, _workspace: LocalWorkspace, made: Deployment) -> None:
        instance = Instance(
            name=f"{made.name}-{made.revision}", endpoint=made.endpoint, deployment=made.name, revision=made.revision,
            number=0, is_running=True, is_stopped=False,
        )  # fmt: skip
        self.engine.found.append(instance)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene(tmp_path)
    monkeypatch.setattr(deployment_changes, "resolved", made.resolved)
    monkeypatch.setattr(rollout, "bring_up", made.bring_up)
    monkeypatch.setattr(Endpoints, "local", made.local)
    return made


def test_a_deployment_is_described_by_its_file_and_its_container(scene: Scene) -> None:
    local_deployments.create(scene.local, FILE)

    found = local_deployments.describe(scene.local, "churn", "blue")

    assert (found["provisioning_state"], found["scoring_uri"]) == ("Succeeded", "http://127.0.0.1/blue-r1/score")
    assert (found["model"], found["environment_variables"]) == ("azureml:churn:1", {"LEVEL": "info"})
    assert local_deployments.describe_all(scene.local, "churn") == [found]


def test_an_update_keeps_what_it_does_not_change_and_replaces_the_container(scene: Scene) -> None:
    local_deployments.create(scene.local, FILE)

    local_deployments.update(scene.local, "churn", "blue", ["environment_variables.LEVEL=debug"])

    (found,) = local_deployments.describe_all(scene.local, "churn")
    assert (found["model"], found["environment_variables"]) == ("azureml:churn:1", {"LEVEL": "debug"})
    assert [one.name for one in scene.engine.found] == ["blue-r2"]


def test_a_deployment_whose_container_was_removed_is_failed_and_can_be_updated_or_deleted(scene: Scene) -> None:
    local_deployments.create(scene.local, FILE)
    scene.engine.found.clear()

    (found,) = local_deployments.describe_all(scene.local, "churn")
    assert (found["provisioning_state"], found["container"], found["scoring_uri"]) == ("Failed", None, "")
    local_deployments.update(scene.local, "churn", "blue", ["description=again"])
    assert local_deployments.describe(scene.local, "churn", "blue")["provisioning_state"] == "Succeeded"
    local_deployments.delete(scene.local, "churn", "blue")
    assert local_deployments.describe_all(scene.local, "churn") == []


def test_what_does_not_exist_is_neither_shown_nor_updated(scene: Scene) -> None:
    local_deployments.create(scene.local, FILE)
    missing = r"endpoint 'churn': no such deployment 'green'\. Deployments: blue\."

    with pytest.raises(EndpointNotFoundError, match=missing):
        local_deployments.describe(scene.local, "churn", "green")
    with pytest.raises(EndpointNotFoundError, match=missing):
        local_deployments.update(scene.local, "churn", "green", ["description=x"])
    with pytest.raises(EndpointNotFoundError, match=missing):
        local_deployments.replace_by_file(scene.local, {**FILE, "name": "green"})
    with pytest.raises(EndpointNotFoundError, match="looking for local endpoint 'chrun'"):
        local_deployments.describe_all(scene.local, "chrun")


def test_a_deployment_keeps_its_names(scene: Scene) -> None:
    local_deployments.create(scene.local, FILE)

    with pytest.raises(EndpointError, match="its name and that of its endpoint cannot be changed"):
        local_deployments.update(scene.local, "churn", "blue", ["name=green"])


def test_the_file_of_a_container_that_nobody_noted_has_to_be_given(scene: Scene) -> None:
    scene.bring_up(scene.local, scene.resolved(scene.local, FILE))

    with pytest.raises(EndpointError, match=r"it is not known what it was made from\. Give --file\."):
        local_deployments.update(scene.local, "churn", "blue", ["description=x"])
    with pytest.raises(EndpointNotFoundError, match=r"no such deployment 'green'\. Deployments: blue\."):
        local_deployments.describe(scene.local, "churn", "green")
    local_deployments.replace_by_file(scene.local, FILE)
    assert local_deployments.describe(scene.local, "churn", "blue")["model"] == "azureml:churn:1"


def test_texts_of_an_endpoint_are_changed_and_its_deployments_stay(scene: Scene) -> None:
    local_deployments.create(scene.local, FILE)

    result = CliRunner().invoke(
        update, ["dev", "-n", "churn", "--local", "--set", "tags.stage=review", "--set", "traffic.blue=100"]
    )

    assert result.exit_code == 0, result.output
    assert scene.said == ["`traffic` is ignored: requests to a local deployment go to its own address."]
    found = local_endpoints.describe(scene.local, "churn")
    assert found["tags"] == {"team": "a", "stage": "review"}
    assert list(found["scoring_uris"]) == ["blue"]
    with pytest.raises(EndpointError, match="'auth_mode' cannot be changed; allowed: description, tags, properties"):
        local_endpoints.update(scene.local, "churn", lambda one: one.update(auth_mode="key"))


def test_a_local_endpoint_has_no_identity(scene: Scene) -> None:
    local_endpoints.create(scene.local, {"name": "churn", "identity": "scorer"})
    local_endpoints.update(scene.local, "churn", lambda one: one.update(identity="scorer"))

    assert scene.said == ["`identity` is ignored: local deployments have no credentials."] * 2


def test_a_local_endpoint_has_no_shares_of_traffic(scene: Scene) -> None:
    result = CliRunner().invoke(update, ["dev", "-n", "churn", "--local", "--traffic", "blue=100"])

    assert (result.exit_code, "--local and --traffic exclude each other" in result.output) == (2, True)
    assert scene.said == []
