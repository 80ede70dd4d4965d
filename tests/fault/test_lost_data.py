"""A service has lost what it needs to run: the unseal key is restored; lost data is never hidden."""

import pytest
from docker import DockerClient

from tests.support.engine import run_in
from tests.support.environment import Environment
from tests.support.journal import Journal
from tests.support.probes import probe_until
from tests.support.refusals import assert_refused
from tests.support.stacks import LiveStack, live_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import assert_unsealed, vault_client

UNSEAL_FOLDER = "/vault/unseal"


def assert_sealed(live: LiveStack) -> None:
    assert vault_client(live.outputs).seal_status["sealed"] is True


@pytest.mark.fault("the volume with the unseal key is removed", "the next `make up` restores the key")
def test_lost_unseal_key_leaves_the_vault_sealed_until_the_next_up(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()
    vault = live.container_of("keyVault")

    run_in(engine, vault, f"rm {UNSEAL_FOLDER}/*")
    engine.api.restart(vault, timeout=30)
    probe_until(lambda: assert_sealed(live), what="a closed vault")
    live.stack.lifecycle("up").check()

    assert_unsealed(live.outputs)
    journal.verify()
    engine.api.restart(vault, timeout=30)
    probe_until(lambda: assert_unsealed(live.outputs), what="a vault that unseals itself again")


@pytest.mark.fault("a data volume is removed", "`make up` fails and says what is missing")
def test_lost_data_volume_is_never_silently_replaced_by_an_empty_one(
    environment: Environment, engine: DockerClient
) -> None:
    with live_stack(environment) as live:
        vault = live.container_of("keyVault")
        data = next(name for name in live.stack.objects().volumes.values() if name == f"{vault}-data")
        engine.api.remove_container(vault, force=True)
        engine.api.remove_volume(data)

        finished = live.stack.lifecycle("up")

        assert_refused(finished, data)
        live.stack.lifecycle("down").check()
        live.stack.lifecycle("up").check()
        assert_unsealed(live.stack.outputs())
        assert_unchanged(live.stack.preview())
