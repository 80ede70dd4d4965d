"""What is in a state and no program has registered is not the workspace's; nothing else is taken for such."""

import pytest

from infra import labels
from mlw.lifecycle import checkpoints, container_drift, foreign_resources
from mlw.lifecycle.checkpoints import Checkpoint
from tests.unit.states import Resource, a_checkpoint, a_resource, docker_object, stack_id, the_identity

OWN = docker_object("dev", "volume", "kv-data", "/x")
CONTAINER = "docker:index/container:Container"


def imported(name: str, pulumi_type: str = "docker:index/volume:Volume", **more: object) -> Resource:
    made = a_resource(name, pulumi_type=pulumi_type, outputs={"name": name}, inputs={}, sourcePosition=None)
    return made | more


def labelled(owner: str) -> dict[str, object]:
    return {"labels": [{"label": labels.ID, "value": owner}]}


def state(*resources: Resource) -> Checkpoint:
    return checkpoints.parse(a_checkpoint([the_identity(), OWN, *resources]))


@pytest.mark.parametrize(
    ("resource", "title"),
    [
        (imported("theirs"), "volume 'theirs'"),
        (imported("theirs", "docker:index/network:Network"), "network 'theirs'"),
        (imported("theirs", CONTAINER, protect=True), "container 'theirs'"),
        (imported("theirs", "docker:index/secret:Secret"), "docker:index/secret:Secret 'theirs'"),
        (imported("theirs") | {"inputs": labelled("f" * 32)}, "volume 'theirs'"),
        (imported("twice", id=OWN["id"]) | {"inputs": labelled(stack_id())}, "volume 'twice'"),
    ],
    ids=["volume", "network", "protected container", "another type", "another stack's", "its own a second time"],
)
def test_an_imported_resource_is_foreign_and_no_object_of_the_workspace(resource: Resource, title: str) -> None:
    checkpoint = state(resource)

    assert [found.title for found in foreign_resources.find(checkpoint)] == [title]
    assert [found.name for found in checkpoint.docker_objects()] == ["kv-data"]


@pytest.mark.parametrize(
    "resource",
    [
        a_resource("theirs", outputs={"name": "theirs"}),
        a_resource("default", pulumi_type="pulumi:providers:docker", sourcePosition=None),
        imported("kv-unseal") | {"inputs": labelled(stack_id())},
    ],
    ids=["registered by an extended program", "provider", "its own, imported again"],
)
def test_what_a_program_registered_and_what_is_the_stack_s_own_is_not_foreign(resource: Resource) -> None:
    assert foreign_resources.find(state(resource)) == []


def test_the_way_back_takes_children_out_before_their_parents_and_quotes_for_a_shell() -> None:
    checkpoint = state(imported("one"), imported("it's"))

    found = foreign_resources.find(checkpoint)
    lines = foreign_resources.describe(found, "dev").splitlines()

    urn = f"{found[0].urn}"
    assert lines[-1] == f"  pulumi state delete --force --stack dev {urn}"
    assert lines[-2].endswith("""Volume::it'"'"'s'""")
    assert foreign_resources.excluded(found)[0] == f"--exclude={urn}"


def test_a_foreign_container_s_limits_are_nobody_s_drift() -> None:
    assert container_drift._known(state(imported("theirs", CONTAINER))) == {}
