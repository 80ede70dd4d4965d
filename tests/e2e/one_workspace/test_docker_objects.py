"""The Docker objects of a stack: names, labels, addresses, and the restrictions of its containers."""

import socket

from docker import DockerClient

from infra.services import SERVICES
from tests.support.engine import ID_LABEL, MADE_BY_LABEL, RESOURCE_LABEL, STACK_LABEL, objects_with_label
from tests.support.stacks import LiveStack


def labels_by_name(engine: DockerClient, live: LiveStack) -> dict[str, dict[str, str]]:
    objects = objects_with_label(engine, stack=live.stack.name)
    return {
        **{
            f"container {name}": engine.api.inspect_container(name)["Config"]["Labels"]
            for name in objects.names["containers"]
        },
        **{f"volume {name}": engine.api.inspect_volume(name)["Labels"] for name in objects.names["volumes"]},
        **{f"network {name}": engine.api.inspect_network(name)["Labels"] for name in objects.names["networks"]},
    }


def test_every_service_is_one_container_on_the_network_of_the_group(live: LiveStack, engine: DockerClient) -> None:
    objects = objects_with_label(engine, stack=live.stack.name)

    assert objects.names["containers"] == {live.container_of(service) for service in live.services}
    assert objects.names["networks"] == {live.outputs["resourceGroup"]["name"]}


def test_every_object_carries_the_identity_of_stack_and_resource(live: LiveStack, engine: DockerClient) -> None:
    backend = live.stack.environment.variables["PULUMI_BACKEND_URL"]
    record = live.outputs["workspace"]
    ids = {live.outputs["resourceGroup"]["id"], *(SERVICES[name].resource_id(record) for name in live.services)}

    found = labels_by_name(engine, live)

    assert len({labels[ID_LABEL] for labels in found.values()}) == 1
    for name, labels in found.items():
        assert labels[RESOURCE_LABEL] in ids, name
        assert labels[STACK_LABEL] == live.stack.name, name
        assert f"backend {backend}" in labels[MADE_BY_LABEL], name


def test_name_of_every_object_starts_with_the_name_of_its_resource(live: LiveStack, engine: DockerClient) -> None:
    for name, labels in labels_by_name(engine, live).items():
        assert name.partition(" ")[2].startswith(labels[RESOURCE_LABEL].rpartition("/")[2]), name


def test_labels_carry_nothing_that_may_change(live: LiveStack, engine: DockerClient) -> None:
    own = {ID_LABEL, RESOURCE_LABEL, STACK_LABEL, MADE_BY_LABEL}
    images = engine.api.images(name="ml-workspace/*")
    inherited = {label for image in images for label in image["Labels"] or {}}

    for name, labels in labels_by_name(engine, live).items():
        assert set(labels) - inherited == own, name


def test_ports_are_published_on_the_loopback_address_only(live: LiveStack, engine: DockerClient) -> None:
    for service in live.services:
        inspected = engine.api.inspect_container(live.container_of(service))
        published = [binding for bindings in inspected["HostConfig"]["PortBindings"].values() for binding in bindings]

        assert published, service
        assert {binding["HostIp"] for binding in published} == {"127.0.0.1"}, service


def test_services_are_unreachable_at_other_addresses_of_the_host(live: LiveStack, engine: DockerClient) -> None:
    attached = engine.api.inspect_container(live.container_of("keyVault"))["NetworkSettings"]["Networks"]
    gateway = attached[live.outputs["resourceGroup"]["name"]]["Gateway"]
    ports = [int(url.rpartition(":")[2]) for url in live.outputs["endpoints"].values()]

    for port in ports:
        with socket.socket() as probe:
            probe.settimeout(3)
            assert probe.connect_ex((gateway, port)) != 0, f"port {port} responds on {gateway}"


def test_no_volume_is_anonymous(live: LiveStack, engine: DockerClient) -> None:
    named = objects_with_label(engine, stack=live.stack.name).names["volumes"]

    for service in live.services:
        mounts = engine.api.inspect_container(live.container_of(service))["Mounts"]
        assert {mount["Name"] for mount in mounts if mount["Type"] == "volume"} <= named, service


def test_services_run_without_root_and_without_privileges(live: LiveStack, engine: DockerClient) -> None:
    for service in live.services:
        inspected = engine.api.inspect_container(live.container_of(service))
        host = inspected["HostConfig"]

        assert inspected["Config"]["User"].partition(":")[0] not in {"", "0", "root"}, service
        assert (host["Privileged"], host["ReadonlyRootfs"]) == (False, True), service
        assert (host["CapDrop"], host["CapAdd"] or []) == (["ALL"], []), service
        assert host["SecurityOpt"] == ["no-new-privileges:true"], service


def test_services_have_limits_and_restart_by_themselves(live: LiveStack, engine: DockerClient) -> None:
    for service in live.services:
        host = engine.api.inspect_container(live.container_of(service))["HostConfig"]

        assert host["Memory"] == host["MemorySwap"] > 64 << 20, "no swap, which would write secrets to a disk"
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}, service
        assert [(limit["Name"], limit["Soft"], limit["Hard"]) for limit in host["Ulimits"]] == [("core", 0, 0)], service
        assert host["RestartPolicy"]["Name"] == "unless-stopped", service
