"""A service has lost its data: that is said, and never hidden by an empty replacement."""

import pytest
from docker import DockerClient

from tests.support.environment import Environment
from tests.support.refusals import assert_refused
from tests.support.stacks import live_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import assert_unsealed


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
