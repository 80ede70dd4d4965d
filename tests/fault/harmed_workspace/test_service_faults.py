"""Services stop under write load, one by one: acknowledged data is there and equal."""

import pytest
from docker import DockerClient

from tests.support.stacks import LiveStack
from tests.support.survival import Fault, crashed, restarted, survive

FAULTS: dict[str, Fault] = {
    "storage account is restarted": restarted("storageAccount"),
    "container registry is restarted": restarted("containerRegistry"),
    "application insights is restarted": restarted("applicationInsights"),
    "insights store is restarted": restarted("insightsStore"),
    "storage account crashes": crashed("storageAccount"),
    "container registry crashes": crashed("containerRegistry"),
    "application insights crashes": crashed("applicationInsights"),
    "insights store crashes": crashed("insightsStore"),
}
"""Those of the key vault are in `test_everything_at_once.py`: its five seconds need a quiet machine."""


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.fault(
    "a service is restarted or crashes under writes", "every acknowledged write is there without a repair"
)
def test_acknowledged_writes_survive_when(live: LiveStack, engine: DockerClient, marker: str, fault: Fault) -> None:
    survive(live, engine, marker, fault)
