"""Other stacks of a file backend, read from state files in the engine's format."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import labels
from infra.clients.state import stack_states
from infra.clients.state.resource_users import refuse_if_used
from infra.errors import EarlierVersionError, SharedResourceError
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.stack.locked_changes import AcceptedStack

STORAGE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stshared"
Write = Callable[..., Path]
EARLIER_LABELS = {labels.STACK: "dev", labels.BACKEND: "0123456789ab", labels.RESOURCE_ID: STORAGE}


def _with_labels(found: dict[str, str]) -> dict[str, Any]:
    held = [{"label": label, "value": value} for label, value in found.items()]
    return {"type": "docker:index/volume:Volume", "outputs": {"labels": held}}


AN_EARLIER_VOLUME = _with_labels(EARLIER_LABELS)


def _state(*components: tuple[str, dict[str, Any]]) -> bytes:
    resources = [{"type": type_, "inputs": inputs, "outputs": {"stack_id": "1a"}} for type_, inputs in components]
    return json.dumps({"version": 3, "checkpoint": {"latest": {"resources": resources}}}).encode()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    folder = tmp_path / ".pulumi" / "stacks" / "ml-workspace"
    folder.mkdir(parents=True)

    def _write(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return _write


def _deployed() -> list[Deployed]:
    return stack_states.deployed(project="ml-workspace", except_stack="dev")


def test_components_of_other_stacks_are_listed_and_own_ones_and_children_are_not(write: Write) -> None:
    account = ("ml-workspace:storage:StorageAccount", {"name": "stshared", "resourceId": STORAGE})
    write("dev.json", _state(account))
    write("prod.json", _state(account, ("docker:index/container:Container", {"name": "c"})))
    write("prod.json.bak", _state(account))

    found = _deployed()

    assert [(component.stack, component.name) for component in found] == [("prod", "stshared")]


def test_a_compressed_state_is_read_too(write: Write) -> None:
    write("prod.json.gz", gzip.compress(_state(("ml-workspace:keyvault:KeyVault", {"name": "kv"}))))

    assert [component.name for component in _deployed()] == ["kv"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"checkpoint": {"latest": null}}', b"[]", b"7"],
    ids=["empty", "cut off", "new", "a list", "a number"],
)
def test_a_state_without_resources_is_empty(write: Write, content: bytes) -> None:
    write("prod.json", content)

    assert _deployed() == []


@pytest.mark.parametrize("damaged", [lambda whole: whole[:-20], lambda whole: whole[:12] + b"x" * 9 + whole[21:]])
def test_a_damaged_compressed_state_counts_as_empty(write: Write, damaged: Callable[[bytes], bytes]) -> None:
    write("prod.json.gz", damaged(gzip.compress(_state(("ml-workspace:keyvault:KeyVault", {"name": "kv"})))))

    assert _deployed() == []


def test_another_backend_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")

    assert _deployed() == []


def test_a_resource_that_others_use_is_not_deleted_and_all_users_are_named(write: Write) -> None:
    for stack in ("prod", "test"):
        workspace = {"name": f"mlw-{stack}", "resourceId": f"/{stack}", "storageAccount": STORAGE.upper()}
        write(f"{stack}.json", _state(("ml-workspace:machinelearningservices:Workspace", workspace)))

    with pytest.raises(SharedResourceError, match="'stshared' by stack 'prod', stack 'test'"):
        refuse_if_used([STORAGE, "/other"], stack="dev", stack_id="1a")


def test_an_unshared_resource_may_be_deleted(write: Write) -> None:
    own = {"name": "mlw", "resourceId": "/w", "storageAccount": STORAGE}
    identity: tuple[str, dict[str, Any]] = ("ml-workspace:guards:StackIdentity", {})
    write("renamed.json", _state(identity, ("ml-workspace:machinelearningservices:Workspace", own)))

    refuse_if_used([STORAGE], stack="dev", stack_id="1a")


def test_a_stacks_own_resources_are_those_of_its_last_accepted_update(write: Write) -> None:
    held = {"storageAccount": {"type": "ml-workspace:storage:StorageAccount", "properties": {"name": "stdev"}}}
    write("dev.json", _state(("ml-workspace:guards:ChangeGuard", {"resources": held})))
    write("prod.json", _state(("ml-workspace:storage:StorageAccount", {"name": "stprod"})))

    assert stack_states.accepted("ml-workspace", "dev").resources == held
    assert stack_states.accepted("ml-workspace", "prod") == AcceptedStack()
    assert stack_states.accepted("ml-workspace", "new") == AcceptedStack()


def test_a_stack_is_found_by_its_identity_under_any_name(write: Write) -> None:
    account = ("ml-workspace:storage:StorageAccount", {"name": "stdev"})
    write("renamed.json", _state(("ml-workspace:guards:StackIdentity", {}), account))

    found = stack_states.resources_of("1a")

    assert found is not None
    assert stack_states.identity_of(found) == "1a"
    assert stack_states.identities() == {"1a"}
    assert stack_states.resources_of("2b") is None
    assert stack_states.deployed(except_id="1a") == []


def test_a_stack_older_than_the_provider_plugin_is_rejected_with_a_remedy(write: Write) -> None:
    write("dev.json", _state(("pulumi-python:dynamic/ml-workspace:GeneratedSecrets", {})))

    with pytest.raises(
        EarlierVersionError, match=r"stack 'dev'.*Nothing was changed.*`make up STACK=dev`, which upgrades"
    ):
        stack_states.accepted("ml-workspace", "dev")


def test_the_identity_of_an_earlier_stack_follows_from_the_labels_in_its_state() -> None:
    assert stack_states.identity_of([AN_EARLIER_VOLUME]) == labels.earlier_identity(EARLIER_LABELS) != ""
    assert stack_states.is_earlier_version([AN_EARLIER_VOLUME])


def test_labels_of_two_stacks_do_not_identify_one() -> None:
    other = {**EARLIER_LABELS, labels.STACK: "renamed"}
    assert stack_states.identity_of([AN_EARLIER_VOLUME, _with_labels(other)]) == ""


def test_an_adopted_stack_has_the_identity_in_its_state() -> None:
    identity = {"type": "ml-workspace:guards:StackIdentity", "outputs": {"stack_id": "1a"}}
    assert stack_states.identity_of([identity, AN_EARLIER_VOLUME]) == "1a"
    assert not stack_states.is_earlier_version([identity, AN_EARLIER_VOLUME])


def test_resources_of_a_rejected_update_do_not_change_the_identity_of_an_earlier_state() -> None:
    identity = {"type": "ml-workspace:guards:StackIdentity", "outputs": {"stack_id": "1a"}}
    earlier = {"type": "pulumi-python:dynamic/ml-workspace:UsageGuard"}
    found = stack_states.identity_of([identity, earlier, AN_EARLIER_VOLUME])
    assert found == labels.earlier_identity(EARLIER_LABELS)


def test_a_foreign_volume_does_not_mark_an_earlier_stack() -> None:
    assert not stack_states.is_earlier_version([_with_labels({"other": "x"}), {"type": "docker:index/volume:Volume"}])
