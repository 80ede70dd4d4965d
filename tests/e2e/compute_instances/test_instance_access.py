"""Who can use a compute instance: its user with the token of the moment, and nobody else."""

import requests
from docker import DockerClient

from tests.support.ca_certificates import ca_file
from tests.support.engine import everything_inspected
from tests.support.instances import NAME, USER, MlwCompute, address, ask, user
from tests.support.stacks import LiveStack


def test_only_the_token_of_its_user_is_accepted(running: LiveStack, mlw: MlwCompute) -> None:
    own = str(user(running).held["computeInstanceToken"])

    assert ask(running, own) == 200
    for other in ("bea", "rea"):
        held = {key: value for key, value in user(running, other).held.items() if isinstance(value, str)}
        assert "computeInstanceToken" not in held
        assert {ask(running, str(secret)) for secret in held.values()} == {403}
    assert ask(running, "") == 403
    assert ask(running, "", "/login/links", "POST") == 403
    assert ask(running, running.outputs["credentials"]["keyVault"]["token"]) == 403
    refused = mlw("connect", "--name", NAME, "--principal", "bea")
    assert refused.exit_code == 1
    assert "Only the assigned user can log in" in refused.stderr
    assert "computes/stop/action" in mlw("stop", "--name", NAME, "--principal", "rea").stderr
    assert ask(running, own) == 200


def test_no_secret_is_visible_on_the_engine(running: LiveStack, engine: DockerClient) -> None:
    held = user(running).held
    secrets = [str(value) for key, value in held.items() if key.endswith(("Token", "Password", "SecretKey"))]
    shown = everything_inspected(engine, running.stack.objects())

    assert len(secrets) >= 5
    assert [number for number, secret in enumerate(secrets) if secret in shown] == []


def test_rotated_keys_end_sessions_without_a_restart(running: LiveStack, engine: DockerClient, container: str) -> None:
    before, started = str(user(running).held["computeInstanceToken"]), engine.containers.get(container).attrs["Created"]
    session = requests.Session()

    def visit(path: str) -> int:
        return session.get(address(running) + path, verify=ca_file(running.outputs), timeout=20).status_code

    assert visit(f"/lab?token={before}") == 200
    assert visit("/api/contents") == 200

    running.stack.environment.mlw("keys", "rotate", running.stack.name, "--principal", USER).check()

    after = str(user(running).held["computeInstanceToken"])
    assert after != before
    assert (ask(running, before), ask(running, after)) == (403, 200)
    assert visit("/api/contents") == 403
    assert engine.containers.get(container).attrs["Created"] == started
