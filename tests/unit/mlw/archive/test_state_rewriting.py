"""The state of a backup as that of another stack: names and identity change everywhere, secrets and contents do not."""

from typing import Any

import pytest

from mlw.archive.state_rewriting import Renaming, place, resource_names, rewrite, without

OLD, NEW = "a" * 32, "b" * 32
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"stx"'}
STACK = "urn:pulumi:dev::ml-workspace::pulumi:pulumi:Stack::ml-workspace-dev"
LABELS = [{"label": "ml-workspace.id", "value": OLD}, {"label": "ml-workspace.stack", "value": "dev"}]


def urn(kind: str, name: str, stack: str = "dev") -> str:
    return f"urn:pulumi:{stack}::ml-workspace::{kind}::{name}"


def resource(kind: str, name: str, **more: object) -> dict[str, Any]:
    return {"type": kind, "urn": urn(kind, name), "parent": STACK, **more}


def exported() -> dict[str, Any]:
    resources = [
        {"type": "pulumi:pulumi:Stack", "urn": STACK},
        resource(
            "ml-workspace:guards:ChangeGuard",
            "rg-x-001-changes",
            id="dev",
            inputs={
                "stack": "dev",
                "locks": [{"name": "l", "level": "ReadOnly"}],
                "configuration": {"ml-workspace:workload": "digest"},
                "resources": {
                    "storageAccount": {"properties": {"name": "stx"}},
                    "keyVault": {"properties": {"name": "kv-x-001"}},
                    "workspace": {"properties": {"name": "x"}},
                },
            },
        ),
        resource(
            "ml-workspace:guards:StackIdentity", "rg-x-001-identity", id=OLD, outputs={"stack_id": OLD, "stack": "dev"}
        ),
        resource(
            "ml-workspace:engine:EngineReservation",
            "rg-x-001-reservation",
            id=OLD,
            outputs={"ports": {"storage": 1}, "subnet": "s", "image_ids": {"storage": "i", "vault": "v"}},
        ),
        resource(
            "docker:index/volume:Volume",
            "stx-storage-data1",
            id="stx-storage-data1",
            inputs={"name": "stx-storage-data1", "labels": LABELS},
        ),
        resource("docker:index/network:Network", "rg-x-001-network", id="n"),
        resource(
            "docker:index/container:Container",
            "stx-storage",
            id="c",
            dependencies=[urn("docker:index/network:Network", "rg-x-001-network")],
        ),
        resource(
            "ml-workspace:machinelearningservices:WorkspaceRecord",
            "x-record",
            id="/accounts/stx",
            inputs={"record": {"storageAccount": "/accounts/stx"}, "of": OLD},
            dependencies=[
                urn("docker:index/container:Container", "stx-storage"),
                urn("docker:index/volume:Volume", "stx-storage-data1"),
            ],
            propertyDependencies={"record": [urn("docker:index/container:Container", "stx-storage")]},
            deletedWith=urn("docker:index/container:Container", "stx-storage"),
        ),
        resource("ml-workspace:secrets:GeneratedSecrets", "stx-keys", outputs={"values": SECRET}),
    ]
    return {"version": 3, "deployment": {"resources": resources}}


def renaming(**names: str) -> Renaming:
    return Renaming(
        stacks=("dev", "copy"),
        identities=(OLD, NEW),
        made_by="me",
        resources={"stx": "sty", "kv-x-001": "kv-x-002", "x": "x", **names},
    )


@pytest.fixture
def rewritten() -> dict[str, dict[str, Any]]:
    found = rewrite(exported(), renaming())["deployment"]["resources"]
    return {one["type"].rpartition(":")[2]: one for one in found}


def test_names_of_the_resources_are_found() -> None:
    assert resource_names(exported()) == {"storageAccount": "stx", "keyVault": "kv-x-001", "workspace": "x"}


def test_every_urn_is_one_of_the_new_stack(rewritten: dict[str, dict[str, Any]]) -> None:
    assert rewritten["Stack"]["urn"] == "urn:pulumi:copy::ml-workspace::pulumi:pulumi:Stack::ml-workspace-copy"
    assert {one["parent"] for one in rewritten.values() if "parent" in one} == {rewritten["Stack"]["urn"]}
    assert rewritten["Volume"]["urn"] == urn("docker:index/volume:Volume", "sty-storage-data1", "copy")


def test_nothing_has_the_old_identity(rewritten: dict[str, dict[str, Any]]) -> None:
    assert OLD not in str(rewritten)
    assert rewritten["StackIdentity"]["outputs"] == {"stack_id": NEW, "stack": "copy", "made_by": "me"}
    assert rewritten["Volume"]["inputs"]["labels"] == [
        {"label": "ml-workspace.id", "value": NEW},
        {"label": "ml-workspace.stack", "value": "copy"},
    ]


def test_a_volume_from_before_identities_gets_the_new_one() -> None:
    earlier = exported()
    volume = next(one for one in earlier["deployment"]["resources"] if one["type"].endswith(":Volume"))
    volume["inputs"]["labels"] = [
        {"label": "ml-workspace.stack", "value": "dev"},
        {"label": "ml-workspace.backend", "value": "0123456789ab"},
    ]
    found = rewrite(earlier, renaming())

    (volume,) = (one for one in found["deployment"]["resources"] if one["type"].endswith(":Volume"))
    assert {one["label"]: one["value"] for one in volume["inputs"]["labels"]} == {
        "ml-workspace.stack": "copy",
        "ml-workspace.id": NEW,
    }


def test_what_a_service_holds_stays_for_the_next_update_to_change(rewritten: dict[str, dict[str, Any]]) -> None:
    assert rewritten["WorkspaceRecord"]["inputs"] == {"record": {"storageAccount": "/accounts/stx"}, "of": NEW}
    assert rewritten["WorkspaceRecord"]["id"] == "/accounts/stx"


def test_a_secret_stays_whatever_it_holds(rewritten: dict[str, dict[str, Any]]) -> None:
    assert rewritten["GeneratedSecrets"]["outputs"]["values"] == SECRET


def test_containers_and_networks_go_with_what_names_them(rewritten: dict[str, dict[str, Any]]) -> None:
    assert "Container" not in rewritten
    assert "Network" not in rewritten
    record = rewritten["WorkspaceRecord"]
    assert record["dependencies"] == [rewritten["Volume"]["urn"]]
    assert record["propertyDependencies"] == {"record": []}
    assert "deletedWith" not in record


def test_a_name_within_another_one_is_left_alone() -> None:
    """The workspace is called `x`, and so is a part of the key vault's name."""
    found = rewrite(exported(), renaming(x="y"))

    assert resource_names(found) == {"storageAccount": "sty", "keyVault": "kv-x-002", "workspace": "y"}


def test_a_name_that_begins_another_one_is_not_taken_for_it() -> None:
    found = rewrite(exported(), renaming(**{"kv-x": "kv-z"}))

    assert resource_names(found)["keyVault"] == "kv-x-002"


def test_the_same_names_change_nothing_but_stack_and_identity() -> None:
    same = Renaming(stacks=("dev", "dev"), identities=(OLD, NEW), made_by="me", resources={"stx": "stx"})

    assert str(without(exported(), ("docker:index/network:Network", "docker:index/container:Container"))).replace(
        OLD, NEW
    ).replace("'stack': 'dev'}", "'stack': 'dev', 'made_by': 'me'}") == str(rewrite(exported(), same))


def test_a_locked_original_does_not_refuse_the_names_of_its_copy(rewritten: dict[str, dict[str, Any]]) -> None:
    same = Renaming(stacks=("dev", "dev"), identities=(OLD, NEW), made_by="me", resources={"stx": "stx"})

    assert set(rewritten["ChangeGuard"]["inputs"]) == {"stack", "resources"}
    assert rewrite(exported(), same)["deployment"]["resources"][1]["inputs"]["locks"]


def test_the_original_is_not_touched() -> None:
    before = exported()

    rewrite(before, renaming())

    assert before == exported()


def test_what_the_stack_has_got_takes_the_place_of_what_it_had() -> None:
    placed = place(exported(), ports={"storage": 9}, subnet="t", images={"vault": "w"})

    outputs = placed["deployment"]["resources"][3]["outputs"]
    assert outputs == {"ports": {"storage": 9}, "subnet": "t", "image_ids": {"storage": "i", "vault": "w"}}
