"""The key vault has lost its unseal key: it stays sealed until the next `up`, which restores the key."""

import pytest
from docker import DockerClient

from tests.support.engine import run_in
from tests.support.journal import Journal
from tests.support.probes import probe_until
from tests.support.stacks import LiveStack
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
