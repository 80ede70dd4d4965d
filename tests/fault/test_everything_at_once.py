"""Key vault, machine and engine stop under write load: acknowledged data is there and equal.

The key vault unseals within five seconds of its container's start, each time, without an operator: nothing else may run
at the same time.
"""

import random

import pytest
from docker import DockerClient

from tests.support import faults
from tests.support.load import Load
from tests.support.stacks import LiveStack
from tests.support.survival import BACK_SECONDS, Fault, crashed, go_through, restarted, survive
from tests.support.updates import assert_unchanged

FAULTS_OF_THE_KEY_VAULT: dict[str, Fault] = {
    "key vault is restarted": restarted("keyVault"),
    "key vault crashes": crashed("keyVault"),
}
FAULTS_OF_THE_MACHINE: dict[str, Fault] = {
    "everything loses its power": lambda engine, live: faults.cut_power(engine, live.stack.objects()),
    "engine is restarted": lambda _, live: faults.restart_engine(live.stack.environment),
}


@pytest.mark.parametrize("fault", FAULTS_OF_THE_KEY_VAULT.values(), ids=FAULTS_OF_THE_KEY_VAULT)
@pytest.mark.fault(
    "the key vault is restarted or crashes under writes", "every acknowledged write is there without a repair"
)
def test_acknowledged_writes_survive_when(live: LiveStack, engine: DockerClient, marker: str, fault: Fault) -> None:
    survive(live, engine, marker, fault)


@pytest.mark.parametrize("fault", FAULTS_OF_THE_MACHINE.values(), ids=FAULTS_OF_THE_MACHINE)
@pytest.mark.fault(
    "the machine loses power or the engine is restarted under writes",
    "every acknowledged write is there, and nothing is left to repair",
)
def test_acknowledged_writes_survive_without_repairs_when(
    live: LiveStack, engine: DockerClient, marker: str, fault: Fault
) -> None:
    survive(live, engine, marker, fault)

    assert_unchanged(live.stack.preview())


@pytest.mark.fault(
    "the key vault is restarted ten times under writes", "it unseals itself within five seconds and has every secret"
)
def test_key_vault_restarted_ten_times_unseals_each_time_and_keeps_every_secret(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    load = Load(stack=live.stack.name, outputs=live.outputs, prefix=marker)
    with load.running():
        for _ in range(10):
            load.await_more(random.randint(1, 5), seconds=BACK_SECONDS, only=("secret",))  # noqa: S311
            go_through(live, engine, restarted("keyVault"))

    load.verify()
