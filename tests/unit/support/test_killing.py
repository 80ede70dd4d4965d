import json

import pytest

from tests.support.killing import is_step


@pytest.mark.parametrize(
    ("line", "step"),
    [
        (json.dumps({"resOutputsEvent": {"metadata": {"op": "create"}}}), True),
        (json.dumps({"resOutputsEvent": {"metadata": {"op": "delete"}}}), True),
        (json.dumps({"resOutputsEvent": {"metadata": {"op": "same"}}}), False),
        (json.dumps({"resourcePreEvent": {"metadata": {"op": "create"}}}), False),
        ("Updating (dev):", False),
        ("", False),
    ],
    ids=["made", "deleted", "as it was", "only begun", "text", "empty"],
)
def test_a_step_is_an_operation_that_has_ended(line: str, step: bool) -> None:  # noqa: FBT001
    assert is_step(line) is step
