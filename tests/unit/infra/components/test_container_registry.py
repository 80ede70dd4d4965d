"""The configuration files that the program writes for the two registries and the collector."""

import asyncio
from typing import Any

import pulumi
import pytest
import yaml

from infra.components import application_insights, container_registry
from infra.components.assets import asset

SECRET = "0" * 32


@pytest.fixture(scope="module")
def registries() -> dict[str, dict[str, Any]]:
    """Every registry's configuration, parsed."""

    async def read() -> dict[str, dict[str, Any]]:
        return {
            file: yaml.safe_load(
                await container_registry._config(pulumi.Output.from_input(SECRET), registry, tls=False).future() or ""
            )
            for file, registry in container_registry.REGISTRIES.items()
        }

    return asyncio.run(read())


def test_every_registry_requires_a_password_and_completes_its_responses(registries: dict[str, dict[str, Any]]) -> None:
    for config in registries.values():
        assert config["auth"]["htpasswd"]["path"].startswith("/etc/distribution/live/")
        assert config["http"]["draintimeout"] == "15s"
        assert config["http"]["secret"] == SECRET


def test_only_one_registry_writes_caches_and_clears_up(registries: dict[str, dict[str, Any]]) -> None:
    told = {
        file: (
            config["storage"]["maintenance"]["readonly"]["enabled"],
            config["storage"]["maintenance"]["uploadpurging"]["enabled"],
            "cache" in config["storage"],
        )
        for file, config in registries.items()
    }

    assert told == {
        "readwrite.yml": (False, True, True),
        "readonly.yml": (True, False, False),
        "collecting.yml": (True, False, False),
    }


def test_roles_that_only_pull_have_access_only_to_the_read_only_port(registries: dict[str, dict[str, Any]]) -> None:
    users = {file: config["auth"]["htpasswd"]["path"].rpartition("/")[2] for file, config in registries.items()}

    assert users == {
        "readwrite.yml": container_registry.PUSH_USERS,
        "readonly.yml": container_registry.PULL_USERS,
        "collecting.yml": container_registry.PUSH_USERS,
    }
    assert registries["readwrite.yml"]["http"]["addr"] == registries["collecting.yml"]["http"]["addr"]


def test_scripts_use_no_file_that_is_not_written() -> None:
    scripts = asset("registry-start.sh") + asset("registry-collect.sh")

    assert all(file in scripts for file in container_registry.REGISTRIES)
    assert container_registry._FOLDER in scripts


@pytest.fixture(scope="module")
def collector() -> dict[str, Any]:
    """The collector's configuration, parsed."""
    parsed: dict[str, Any] = yaml.safe_load(application_insights.config(30))
    return parsed


def test_all_external_telemetry_goes_into_a_durable_queue(collector: dict[str, Any]) -> None:
    pipelines = collector["service"]["pipelines"]
    queue = collector["exporters"]["otlp_http/queue"]

    outside = {receiver for receiver in collector["receivers"] if receiver != "otlp/queue"}
    for pipeline in pipelines.values():
        if outside & set(pipeline["receivers"]):
            assert pipeline["exporters"] == ["otlp_http/queue"]
            assert pipeline["processors"] == ["memory_limiter"]
    assert collector["extensions"]["file_storage"]["fsync"] is True
    assert queue["sending_queue"]["storage"] == "file_storage"
    assert queue["sending_queue"]["block_on_overflow"] is True
    assert queue["retry_on_failure"]["max_elapsed_time"] == "0s"


def test_both_protocols_accept_requests_of_the_same_size_and_none_is_split(collector: dict[str, Any]) -> None:
    protocols = collector["receivers"]["otlp"]["protocols"]
    queue = collector["exporters"]["otlp_http/queue"]["sending_queue"]["batch"]
    inner = collector["receivers"]["otlp/queue"]["protocols"]["http"]["max_request_body_size"]
    largest = protocols["http"]["max_request_body_size"]

    assert protocols["grpc"]["max_recv_msg_size_mib"] * 2**20 == largest
    assert "max_size" not in queue
    assert inner >= 4 * largest + queue["min_size"]


def test_only_loopback_needs_no_token(collector: dict[str, Any]) -> None:
    receivers = collector["receivers"]

    for protocol in receivers["otlp"]["protocols"].values():
        assert protocol["auth"] == {"authenticator": "bearertokenauth"}
    (inner,) = receivers["otlp/queue"]["protocols"].values()
    assert inner["endpoint"].startswith("127.0.0.1:")
    assert collector["exporters"]["otlp_http/queue"]["endpoint"] == f"http://{inner['endpoint']}"
    assert collector["extensions"]["health_check"]["endpoint"].startswith("127.0.0.1:")


def test_every_signal_is_kept_for_the_days_of_the_setting(collector: dict[str, Any]) -> None:
    kept = {name: exporter for name, exporter in collector["exporters"].items() if name.startswith("file/")}

    assert {name: exporter["rotation"]["max_days"] for name, exporter in kept.items()} == {
        "file/traces": 30,
        "file/metrics": 30,
        "file/logs": 30,
    }
