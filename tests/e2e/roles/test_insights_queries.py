"""`mlw insights --principal`: a principal's own token, over TLS."""

import json

import pytest

from tests.support.stacks import LiveStack


@pytest.mark.parametrize("principal", ["reader", "data-scientist"])
def test_a_role_that_may_query_queries(principal: str, roles_stack: LiveStack) -> None:
    environment, name = roles_stack.stack.environment, roles_stack.stack.name

    finished = environment.mlw("insights", "query", name, "select 1 as x", "--principal", principal, "-o", "json")

    assert json.loads(finished.check().stdout) == [{"x": 1}]


def test_a_role_that_may_not_query_is_told(roles_stack: LiveStack) -> None:
    environment, name = roles_stack.stack.environment, roles_stack.stack.name

    finished = environment.mlw("insights", "requests", name, "--principal", "compute-operator")

    assert (finished.exit_code, finished.stdout) == (1, "")
    assert "as principal 'compute-operator': its role does not allow queries" in finished.stderr
