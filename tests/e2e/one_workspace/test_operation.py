"""`mlw logs` and `mlw open` on real containers."""

import json
import signal

import pytest
from docker import DockerClient

from tests.support.oci import RegistryClient
from tests.support.processes import start
from tests.support.stacks import LiveStack

SERVICES = ("storage", "registry", "keyVault", "telemetry", "insights")


@pytest.mark.parametrize("service", SERVICES)
def test_a_log_has_no_secret(live: LiveStack, service: str) -> None:
    printed = live.stack.environment.mlw("logs", service, live.stack.name).check().stdout

    assert [secret for secret in live.secrets if secret in printed] == []


def test_a_followed_log_shows_requests_as_they_come(live: LiveStack, marker: str) -> None:
    environment, stranger = live.stack.environment, RegistryClient(live.outputs, credentials=("nobody", "wrong"))
    stranger.request("GET", f"{marker}-before/tags/list")

    process = start(
        ["mlw", "logs", "registry", live.stack.name, "-f"], cwd=environment.project, env=environment.variables
    )
    try:
        assert process.stdout
        assert next(line for line in process.stdout if f"{marker}-before" in line)
        stranger.request("GET", f"{marker}-after/tags/list")
        line = next(line for line in process.stdout if f"{marker}-after" in line)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)

    assert "authentication failure" in line
    assert process.returncode == 130


def test_every_address_is_listed_without_a_credential(live: LiveStack) -> None:
    printed = live.stack.environment.mlw("open", live.stack.name).check().stdout

    assert [address for address in live.outputs["endpoints"].values() if address not in printed] == []
    assert [secret for secret in live.secrets if secret in printed] == []


def test_a_watched_workspace_is_ready_within_its_limits(live: LiveStack) -> None:
    printed = live.stack.environment.mlw("watch", live.stack.name, "--once", "--json").check().stdout

    found = {one["service"]: one for one in json.loads(printed)["services"]}
    assert set(found) >= set(SERVICES)
    assert [
        one for one in found.values() if not (one["state"] == "ready" and 0 < one["memoryMib"] < one["limitMib"])
    ] == []


def test_a_paused_container_is_found_and_fixed(live: LiveStack, engine: DockerClient) -> None:
    mlw, container = live.stack.environment.mlw, engine.containers.get(live.container_of("containerRegistry"))
    container.pause()
    try:
        found = mlw("diagnose", live.stack.name)
        fixed = mlw("diagnose", live.stack.name, "--fix")
        container.reload()
    finally:
        if container.status == "paused":
            container.unpause()

    command = f"docker unpause {container.name}"
    assert (found.exit_code, json.loads(found.stdout)["container_registry"][0]["fix"]) == (1, command)
    assert (fixed.exit_code, json.loads(fixed.stdout), container.status) == (0, {}, "running")
    assert f"mlw: fixed: {command}" in fixed.stderr
