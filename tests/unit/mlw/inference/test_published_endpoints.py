"""What is published, and that a workspace without a front says how to get one."""

import json

import pytest

from infra.clients.engine import front_publishing
from mlw.inference import PublishedDeployment, PublishedEndpoint, publish
from mlw.inference.inference_errors import NoFrontError
from mlw.operation import service_names
from mlw.stacks.stacks import Stack
from tests.unit.states import the_outputs

ENDPOINT = PublishedEndpoint(
    name="churn",
    key_hashes=["ab" * 32],
    deployments=[PublishedDeployment(name="blue", upstreams=["blue:5001"], weight=100, timeout_seconds=0.5)],
)


class FakeStack:
    """A stack that is up."""

    name, stack_id = "dev", "stack-id"

    def __init__(self, **endpoints: str) -> None:
        outputs = the_outputs("dev")
        self._outputs = {**outputs, "endpoints": {**outputs["endpoints"], **endpoints}}

    def require_outputs(self) -> dict[str, object]:
        return self._outputs


def a_stack(**endpoints: str) -> Stack:
    return FakeStack(**endpoints)  # type: ignore[return-value]


def test_a_workspace_without_a_front_says_how_to_switch_it_on() -> None:
    with pytest.raises(NoFrontError, match=r"Set .ml-workspace:inference. to \{\} in stacks/Pulumi\.dev\.yaml"):
        publish(a_stack(), [ENDPOINT])


def test_endpoints_are_computed_when_nobody_else_can_publish(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []

    def keep(_container: str, document: bytes, **_where: object) -> None:
        sent.append(document)

    class Found:
        name = "front"

    monkeypatch.setattr(front_publishing, "publish", keep)
    monkeypatch.setattr(service_names, "container_of", lambda *_: Found())

    publish(a_stack(inference="http://127.0.0.1:20009"), lambda: [ENDPOINT])

    (document,) = map(json.loads, sent)
    assert document["endpoints"][0] == {
        "name": "churn",
        "auth": "key",
        "keyHashes": ["ab" * 32],
        "deployments": [
            {
                "name": "blue",
                "upstreams": ["blue:5001"],
                "weight": 100,
                "mirror": 0,
                "timeoutMilliseconds": 500,
                "maxConcurrent": 0,
                "scoringPath": "/score",
            }
        ],
    }
