"""A changed identity: new containers first, and what was there before if one does not become ready."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from mlw.online_endpoints import (
    endpoint_changes,
    endpoint_identity,
    identity_access,
    identity_changes,
    publishing,
    repairing,
    rollout,
)
from mlw.online_endpoints.endpoint_errors import DeploymentFailedError, EndpointError
from mlw.online_endpoints.endpoint_records import Deployment
from mlw.online_endpoints.identity_access import NOBODY, EndpointIdentity
from tests.support.example_endpoints import ExampleEndpoints
from tests.support.example_identity import SCORER

Done = list[tuple[str, str]]


class Endpoints(ExampleEndpoints):
    """Two deployments, and what is said."""

    stack = SimpleNamespace(name="dev")

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def known() -> dict[str, EndpointIdentity]:
    """Identities by name; what is missing is refused."""
    return {"": NOBODY, "scorer": SCORER}


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, known: dict[str, EndpointIdentity]) -> Done:
    """What is done with containers and the front."""
    found: Done = []

    def read(_workspace: object, principal: str, doing: str) -> EndpointIdentity:
        if principal not in known:
            raise EndpointError(f"{doing}: not released.")
        return known[principal]

    def bring_up(_workspace: object, one: Deployment) -> None:
        found.append(("up", one.name))

    monkeypatch.setattr(identity_access, "read", read)
    monkeypatch.setattr(rollout, "bring_up", bring_up)
    monkeypatch.setattr(publishing, "publish", lambda _: found.append(("publish", "")))
    monkeypatch.setattr(publishing, "take_away", lambda *_: found.append(("remove", "")))
    monkeypatch.setattr(
        endpoint_identity,
        "not_released",
        lambda name, _: iter(() if name in known else (f"'{name}' is not released.",)),
    )
    return found


def change(workspace: Endpoints, identity: object) -> None:
    endpoint_changes.update(workspace, "churn", lambda one: one.update(identity=identity))  # type: ignore[arg-type]


def test_all_deployments_get_it_before_the_front_knows_them(done: Done) -> None:
    workspace = Endpoints()
    before = workspace.records.deployments("churn")

    change(workspace, "scorer")

    assert done == [("up", "blue"), ("up", "green"), ("publish", ""), ("remove", "")]
    after = workspace.records.deployments("churn")
    assert [one.identity for one in after] == ["scorer", "scorer"]
    assert all(one.revision != was.revision for one, was in zip(after, before, strict=True))
    assert workspace.records.endpoint("churn").identity == "scorer"

    change(workspace, "none")
    assert [one.identity for one in workspace.records.deployments("churn")] == ["", ""]
    assert workspace.records.endpoint("churn").identity == ""


def test_another_change_leaves_the_containers(done: Done) -> None:
    workspace = Endpoints()
    workspace.records.change("churn", lambda one: replace(one, identity="withdrawn"))

    endpoint_changes.update(workspace, "churn", lambda one: one.update(description="new"))  # type: ignore[arg-type]

    assert done == [("publish", "")]
    with pytest.raises(EndpointError, match="'nobody' is not released"):
        change(workspace, "nobody")


def test_what_does_not_become_ready_leaves_everything_as_it_was(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Endpoints()
    before = workspace.records.deployments("churn"), workspace.records.endpoint("churn").identity

    def fail(_workspace: object, one: Deployment) -> None:
        if one.name == "green":
            raise DeploymentFailedError("it did not become ready.")

    monkeypatch.setattr(rollout, "bring_up", fail)

    with pytest.raises(EndpointError, match=r"it did not become ready\. The endpoint has the identity that it had"):
        change(workspace, "scorer")

    assert done == [("remove", "")]
    assert (workspace.records.deployments("churn"), workspace.records.endpoint("churn").identity) == before


def test_what_the_front_does_not_get_leaves_everything_as_it_was(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Endpoints()
    before = workspace.records.deployments("churn"), workspace.records.endpoint("churn").identity

    def fail(_workspace: object) -> None:
        raise EndpointError("the front does not run.")

    monkeypatch.setattr(publishing, "publish", fail)

    with pytest.raises(EndpointError, match=r"the front does not run\. The endpoint has the identity that it had"):
        change(workspace, "scorer")

    assert done == [("up", "blue"), ("up", "green"), ("remove", "")]
    assert (workspace.records.deployments("churn"), workspace.records.endpoint("churn").identity) == before


def test_replaced_credentials_are_followed_once(done: Done, known: dict[str, EndpointIdentity]) -> None:
    workspace = Endpoints()
    change(workspace, "scorer")
    done.clear()

    repairing.follow_identity(workspace, workspace.records.endpoint("churn"), workspace.say)  # type: ignore[arg-type]
    assert done == []
    known["scorer"] = replace(SCORER, password="new")
    for _ in range(2):
        repairing.follow_identity(workspace, workspace.records.endpoint("churn"), workspace.say)  # type: ignore[arg-type]

    assert done == [("up", "blue"), ("up", "green"), ("publish", ""), ("remove", "")]
    assert workspace.said == ["renewing the credentials of online endpoint 'churn': those of 'scorer' were replaced"]


def test_a_withdrawn_identity_is_a_warning_and_a_finding(done: Done, known: dict[str, EndpointIdentity]) -> None:
    workspace = Endpoints()
    change(workspace, "scorer")
    done.clear()
    del known["scorer"]

    repairing.follow_identity(workspace, workspace.records.endpoint("churn"), workspace.say)  # type: ignore[arg-type]

    (finding,) = repairing.findings_of_identity(workspace, workspace.records.endpoint("churn"))  # type: ignore[arg-type]
    assert finding.message.endswith("Or remove it: `mlw online-endpoint update dev --name churn --set identity=none`.")
    assert done == []
    assert workspace.said == ["WARNING: renewing the credentials of online endpoint 'churn': not released."]


def test_containers_with_old_credentials_are_a_finding(done: Done, known: dict[str, EndpointIdentity]) -> None:
    workspace = Endpoints()
    change(workspace, "scorer")
    done.clear()
    endpoint = workspace.records.endpoint("churn")

    assert not list(repairing.findings_of_identity(workspace, endpoint))  # type: ignore[arg-type]
    known["scorer"] = replace(SCORER, password="new")
    (finding,) = repairing.findings_of_identity(workspace, endpoint)  # type: ignore[arg-type]

    assert "its deployments blue, green have other credentials" in finding.message
    assert (finding.code, done) == ("OnlineEndpointIdentity", [])


def test_containers_that_are_made_again_have_the_credentials_of_now(
    done: Done, known: dict[str, EndpointIdentity], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Endpoints()
    change(workspace, "scorer")
    before = workspace.records.deployment("churn", "blue")
    known["scorer"] = replace(SCORER, password="new")
    monkeypatch.setattr(publishing, "_lacks_some", lambda _, one, _found: one.name == "blue")
    monkeypatch.setattr(workspace.engine, "instances", lambda _: [])

    publishing.settle(workspace, "churn")  # type: ignore[arg-type]

    after = workspace.records.deployment("churn", "blue")
    assert after == known["scorer"].given_to(before) != before
    assert done[-3:] == [("up", "blue"), ("publish", ""), ("remove", "")]


def test_an_endpoint_without_an_identity_needs_no_key_vault(done: Done, known: dict[str, EndpointIdentity]) -> None:
    workspace = Endpoints()
    known.clear()

    repairing.follow_identity(workspace, workspace.records.endpoint("churn"), workspace.say)  # type: ignore[arg-type]

    assert not list(repairing.findings_of_identity(workspace, workspace.records.endpoint("churn")))  # type: ignore[arg-type]
    assert not identity_changes.has_identity(workspace, workspace.records.endpoint("churn"))  # type: ignore[arg-type]
    assert (done, workspace.said) == ([], [])
