"""`mlw logs` and `mlw open` on real containers."""

import signal

import pytest

from tests.support.oci import RegistryClient
from tests.support.processes import start
from tests.support.stacks import LiveStack

SERVICES = ("storage", "registry", "keyVault", "telemetry")


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
