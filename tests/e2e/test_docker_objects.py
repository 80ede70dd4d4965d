"""What a stack puts on the engine: names, labels, addresses, and no secret in anything that can be looked at."""

import json
import socket

from docker import DockerClient

from infra.labels import backend_id
from tests.support.engine import BACKEND_LABEL, RESOURCE_LABEL, STACK_LABEL, everything_inspected, objects_with_label
from tests.support.processes import command_lines
from tests.support.stacks import LiveStack

SERVICES = ("storageAccount", "keyVault", "containerRegistry", "applicationInsights")


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

    assert objects.names["containers"] == {live.container_of(service) for service in SERVICES}
    assert objects.names["networks"] == {live.outputs["resourceGroup"]["name"]}


def test_every_object_carries_the_identity_of_stack_backend_and_resource(live: LiveStack, engine: DockerClient) -> None:
    backend = backend_id(live.stack.environment.variables["PULUMI_BACKEND_URL"])
    ids = {live.outputs["resourceGroup"]["id"], *(live.outputs["workspace"][service] for service in SERVICES)}

    for name, labels in labels_by_name(engine, live).items():
        assert (labels[STACK_LABEL], labels[BACKEND_LABEL]) == (live.stack.name, backend), name
        assert labels[RESOURCE_LABEL] in ids, name


def test_name_of_every_object_starts_with_the_name_of_its_resource(live: LiveStack, engine: DockerClient) -> None:
    for name, labels in labels_by_name(engine, live).items():
        assert name.partition(" ")[2].startswith(labels[RESOURCE_LABEL].rpartition("/")[2]), name


def test_labels_carry_nothing_that_may_change(live: LiveStack, engine: DockerClient) -> None:
    own = {STACK_LABEL, BACKEND_LABEL, RESOURCE_LABEL}
    images = engine.api.images(name="ml-workspace/*")
    inherited = {label for image in images for label in image["Labels"] or {}}

    for name, labels in labels_by_name(engine, live).items():
        assert set(labels) - inherited == own, name


def test_ports_are_published_on_the_loopback_address_only(live: LiveStack, engine: DockerClient) -> None:
    for service in SERVICES:
        inspected = engine.api.inspect_container(live.container_of(service))
        published = [binding for bindings in inspected["HostConfig"]["PortBindings"].values() for binding in bindings]

        assert published, service
        assert {binding["HostIp"] for binding in published} == {"127.0.0.1"}, service


def test_services_are_out_of_reach_by_any_other_address_of_the_host(live: LiveStack, engine: DockerClient) -> None:
    attached = engine.api.inspect_container(live.container_of("keyVault"))["NetworkSettings"]["Networks"]
    gateway = attached[live.outputs["resourceGroup"]["name"]]["Gateway"]
    ports = [int(url.rpartition(":")[2]) for url in live.outputs["endpoints"].values()]

    for port in ports:
        with socket.socket() as probe:
            probe.settimeout(3)
            assert probe.connect_ex((gateway, port)) != 0, f"port {port} answers on {gateway}"


def test_no_volume_is_anonymous(live: LiveStack, engine: DockerClient) -> None:
    named = objects_with_label(engine, stack=live.stack.name).names["volumes"]

    for service in SERVICES:
        mounts = engine.api.inspect_container(live.container_of(service))["Mounts"]
        assert {mount["Name"] for mount in mounts if mount["Type"] == "volume"} <= named, service


def test_secrets_stand_in_no_inspection_log_or_process_list(live: LiveStack, engine: DockerClient) -> None:
    seen = everything_inspected(engine, objects_with_label(engine, stack=live.stack.name))
    processes = command_lines()

    assert live.container_of("keyVault") in seen
    assert [secret for secret in live.secrets if secret in seen or secret in processes] == []


def test_secrets_stand_in_no_file_of_the_state_or_the_project(live: LiveStack) -> None:
    environment = live.stack.environment
    folders = (environment.state_folder, environment.home, environment.stack_folder)
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}

    leaking = [str(path) for path in files for secret in live.secrets if secret.encode() in path.read_bytes()]

    assert any(path.name == f"{live.stack.name}.json" for path in files)
    assert leaking == []


def test_home_is_closed_to_other_users(live: LiveStack) -> None:
    environment = live.stack.environment

    modes = {folder: folder.stat().st_mode & 0o077 for folder in (environment.home, environment.state_folder.parent)}
    passphrase = environment.home / "passphrase"

    assert set(modes.values()) == {0}, modes
    assert passphrase.stat().st_mode & 0o077 == 0


def test_services_run_without_root_and_without_privileges(live: LiveStack, engine: DockerClient) -> None:
    for service in SERVICES:
        inspected = engine.api.inspect_container(live.container_of(service))
        user = inspected["Config"]["User"].partition(":")[0]

        assert user not in {"", "0", "root"}, json.dumps(inspected["Config"])
        assert inspected["HostConfig"]["Privileged"] is False, service
        assert inspected["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped", service
