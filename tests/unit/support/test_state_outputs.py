import hashlib
import json
from pathlib import Path

import pytest

from tests.support.recorded_stacks import CREDENTIALS, PASSPHRASE, TRACKING, Recording
from tests.support.state_outputs import outputs_of

RECORDED = Path(__file__).parents[2] / "e2e" / "recorded_stacks"


@pytest.mark.parametrize("name", ["0.1.0", "with-tracking"])
def test_outputs_of_a_recorded_state_are_those_that_the_cli_printed(name: str) -> None:
    recording = Recording(folder=RECORDED / name)

    outputs = outputs_of(recording.state["deployment"], PASSPHRASE)

    services = [*CREDENTIALS, *([TRACKING] if TRACKING in outputs["endpoints"] else [])]
    credentials = json.dumps({service: outputs["credentials"][service] for service in services}, sort_keys=True)
    assert hashlib.sha256(credentials.encode()).hexdigest() == recording.content["credentials"]
    assert outputs["workspace"]["workspaceId"] == recording.content["workspaceId"]
