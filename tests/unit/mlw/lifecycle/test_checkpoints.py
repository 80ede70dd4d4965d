"""State files: what counts as sound, and what is read out of them."""

import json
from datetime import UTC, datetime

import pytest

from mlw.lifecycle import checkpoints
from mlw.lifecycle.checkpoints import CorruptStateError, DockerObject, NewerStateError
from tests.unit.states import SALT, a_resource, a_state, the_stack


def a_document(**latest: object) -> bytes:
    document = json.loads(a_state())
    document["checkpoint"]["latest"].update(latest)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "it is empty", id="zero bytes"),
        pytest.param(b"\0" * 512, "it contains only zeros", id="zeros after a power loss"),
        pytest.param(a_state()[:-40], "it is not JSON", id="torn off"),
        pytest.param(b"\xff\xfe\x00garbage", "it is not JSON", id="random bytes"),
        pytest.param(b"[]", "it has no version", id="another kind of JSON"),
        pytest.param(b'{"checkpoint": {}}', "it has no version", id="no version"),
        pytest.param(b'{"version": 3}', "it is not a checkpoint", id="no checkpoint"),
        pytest.param(a_document(resources=[{"type": "x"}]), "it is not a checkpoint", id="resource without URN"),
        pytest.param(a_document(pending_operations=[{}]), "it is not a checkpoint", id="operation without type"),
        pytest.param(
            a_state(a_resource("a", parent="urn:gone")), "refers to 'urn:gone', which is missing", id="unknown parent"
        ),
        pytest.param(
            a_state(a_resource("a", dependencies=["urn:later"])), "refers to 'urn:later'", id="unknown dependency"
        ),
    ],
)
def test_a_damaged_state_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    with pytest.raises(CorruptStateError, match=reason):
        checkpoints.parse(content)


def test_a_state_of_a_newer_pulumi_is_not_taken_for_a_damaged_one() -> None:
    with pytest.raises(NewerStateError, match="version 9, newer than 4"):
        checkpoints.parse(b'{"version": 9, "checkpoint": {"something": "else"}}')


def test_a_stack_that_was_never_updated_is_sound_and_empty() -> None:
    checkpoint = checkpoints.parse(b'{"version": 3, "checkpoint": {"stack": "s", "latest": null}}')
    assert (checkpoint.resources, checkpoint.pending, checkpoint.salt) == ([], [], None)
    assert checkpoint.written_at == checkpoints.UNKNOWN_TIME


def test_salt_time_and_outputs_are_read() -> None:
    checkpoint = checkpoints.parse(a_state(outputs={"endpoints": {"storage": "http://127.0.0.1:1"}}))
    assert checkpoint.salt == SALT
    assert checkpoint.written_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert checkpoint.outputs == {"endpoints": {"storage": "http://127.0.0.1:1"}}


def test_times_of_different_zones_and_precision_compare_as_times() -> None:
    earlier = checkpoints.parse(a_state(time="2026-11-21T10:59:59.999999999+01:00"))
    later = checkpoints.parse(a_state(time="2026-11-21T10:00:00.5Z"))
    assert earlier.written_at < later.written_at


def test_docker_objects_are_the_ones_with_an_id() -> None:
    container = a_resource("c", pulumi_type="docker:index/container:Container", outputs={"name": "st"})
    being_made = {**a_resource("n", pulumi_type="docker:index/network:Network"), "id": ""}
    checkpoint = checkpoints.parse(
        a_state(container, being_made, a_resource("b", pulumi_type="ml-workspace:index:Bucket"))
    )
    assert checkpoint.docker_objects() == [DockerObject("container", container["urn"], "c", "st")]


def test_pending_creations_are_dropped_and_nothing_else_changes() -> None:
    kept = a_resource("kept")
    before = a_state(kept, pending=[("creating", a_resource("new")), ("deleting", kept)])
    after = checkpoints.parse(checkpoints.without_pending_creates(checkpoints.parse(before)))
    assert [operation["type"] for operation in after.pending] == ["deleting"]
    assert not after.has_pending_creates()
    assert after.resources == checkpoints.parse(before).resources
    assert after.urns_being_deleted() == {kept["urn"]}


def test_without_any_pending_operation_the_key_is_gone_as_pulumi_writes_it() -> None:
    content = checkpoints.without_pending_creates(checkpoints.parse(a_state(pending=[("creating", a_resource("new"))])))
    assert b"pending_operations" not in content
    assert the_stack()["urn"].encode() in content
