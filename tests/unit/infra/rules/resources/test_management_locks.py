"""Locks of a resource group: limits that are too large for a stack file; the rest is in the test data."""

import pytest

from infra.rules.resources.management_locks import COUNT, NAME, NOTES, check_management_locks


@pytest.mark.parametrize(
    ("locks", "broken"),
    [
        pytest.param([{"name": f"lock-{n}", "level": "ReadOnly"} for n in range(20)], [], id="as many as Azure allows"),
        pytest.param([{"name": f"lock-{n}", "level": "ReadOnly"} for n in range(21)], [COUNT], id="one more"),
        pytest.param([{"name": "n" * 260, "level": "ReadOnly", "notes": "n" * 512}], [], id="as long as allowed"),
        pytest.param([{"name": "n" * 261, "level": "ReadOnly"}], [NAME], id="name too long"),
        pytest.param([{"name": "a\nb", "level": "ReadOnly"}], [NAME], id="control character"),
        pytest.param([{"name": "a", "level": "ReadOnly", "notes": "n" * 513}], [NOTES], id="notes too long"),
    ],
)
def test_limits_of_azure_apply(locks: list[dict[str, str]], broken: list[str]) -> None:
    assert [violation.rule for violation in check_management_locks(locks, key="locks")] == broken
