"""The deployment manifest of IoT Edge."""

import json
from typing import Any

import pytest

from mlw.model_packages import edge_manifest
from mlw.model_packages.edge_manifest import EdgeModule
from mlw.model_packages.package_errors import ModelPackageError

LONGEST_STRING = 512
"""Of `createOptions` in the twin; tools divide longer ones, and the agent of every version reads this."""


def module(**changes: object) -> EdgeModule:
    given: dict[str, Any] = {
        "name": "churn", "image": "churn:3", "version": "3", "ip": "127.0.0.1", "port": 5001, "cpus": 1.5,
        "memory_bytes": 1 << 30,
    }  # fmt: skip
    return EdgeModule(**{**given, **changes})


def agent_of(given: EdgeModule) -> dict[str, Any]:
    contents = json.loads(json.dumps(edge_manifest.manifest(given)))["modulesContent"]
    assert set(contents) == {"$edgeAgent", "$edgeHub"}
    found: dict[str, Any] = contents["$edgeAgent"]["properties.desired"]
    return found


def test_the_agent_runs_the_module_with_limits_and_without_rights() -> None:
    agent = agent_of(module())

    assert set(agent["systemModules"]) == {"edgeAgent", "edgeHub"}
    made = agent["modules"]["churn"]
    assert (made["status"], made["restartPolicy"], made["type"]) == ("running", "always", "docker")
    options = json.loads(made["settings"]["createOptions"])
    host = options["HostConfig"]
    assert host["PortBindings"] == {"5001/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5001"}]}
    assert (host["NanoCpus"], host["Memory"]) == (1_500_000_000, 1 << 30)
    assert (host["CapDrop"], host["ReadonlyRootfs"]) == (["ALL"], True)
    assert "Binds" not in host


def test_the_options_are_short_enough_for_a_twin() -> None:
    longest = module(ip="255.255.255.255", port=65535, cpus=999.99, memory_bytes=999_999 << 30)

    assert len(agent_of(longest)["modules"]["churn"]["settings"]["createOptions"]) <= LONGEST_STRING


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("churn:3", "never"),
        ("models/churn:3", "never"),
        ("registry.example.org/churn:3", "on-create"),
        ("localhost:5000/churn:3", "on-create"),
    ],
    ids=["loaded", "loaded from a folder", "registry", "registry with a port"],
)
def test_an_image_without_a_registry_is_not_pulled(image: str, policy: str) -> None:
    assert agent_of(module(image=image))["modules"]["churn"]["imagePullPolicy"] == policy


@pytest.mark.parametrize(
    ("given", "address"), [("5001", ("127.0.0.1", 5001)), ("10.0.0.2:80", ("10.0.0.2", 80))], ids=["port", "address"]
)
def test_a_port_is_local_unless_an_address_is_named(given: str, address: tuple[str, int]) -> None:
    assert edge_manifest.address_of(given) == address


@pytest.mark.parametrize("given", ["", "0", "70000", "host:80", "1.2.3.4:", "80/tcp"])
def test_what_is_no_port_is_refused(given: str) -> None:
    with pytest.raises(ModelPackageError, match=r"allowed: PORT or IP:PORT"):
        edge_manifest.address_of(given)


@pytest.mark.parametrize("given", ["", "1", "1gb", "63m", "-1g"])
def test_what_is_no_memory_is_refused(given: str) -> None:
    with pytest.raises(ModelPackageError, match=r"write e\.g\. 512m or 2g"):
        edge_manifest.memory_of(given)


def test_memory_has_units() -> None:
    assert (edge_manifest.memory_of("512m"), edge_manifest.memory_of("2G")) == (512 << 20, 2 << 30)


@pytest.mark.parametrize("given", ["", "edgeHub", "edgeAgent", "-a", "a b", "a/b"])
def test_names_that_iot_edge_does_not_take_are_refused(given: str) -> None:
    with pytest.raises(ModelPackageError, match="--module-name is"):
        edge_manifest.checked_name(given)
