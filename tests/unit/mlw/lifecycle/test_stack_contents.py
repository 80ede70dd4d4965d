"""What a command says that it removes: every service with data, the optional ones too."""

import pytest

from infra.rules.resources import component_types as types
from mlw.lifecycle import checkpoints
from mlw.lifecycle.stack_contents import describe_contents
from tests.unit.states import a_component, a_state


@pytest.mark.parametrize(
    ("type_token", "described"),
    [
        (types.STORAGE_ACCOUNT, "storage account 'one', the workspace record (0 volumes)"),
        (types.TRACKING_SERVER, "tracking server 'one', the workspace record (0 volumes)"),
        (types.INFERENCE_FRONT, "front of the online endpoints 'one', the workspace record (0 volumes)"),
        (types.COMPUTE_INSTANCE, "compute instance 'one', the workspace record (0 volumes)"),
        (types.RESOURCE_GROUP, ""),
    ],
)
def test_a_service_is_named(type_token: str, described: str) -> None:
    checkpoint = checkpoints.parse(a_state(a_component(type_token, "one", stack="dev", inputs={"name": "one"})))
    assert describe_contents(checkpoint) == described
