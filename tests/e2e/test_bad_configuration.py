"""An invalid stack file ends in one clear message, and nothing is created."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.environment import Environment
from tests.support.processes import Finished
from tests.support.refusals import assert_refused
from tests.support.stack_file import together
from tests.support.stacks import Stack, ephemeral_stack

CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "missing workload": ({"workload": None}, ("ml-workspace:workload",)),
    "missing required tag": ({"tags": {"owner": "me@example.org"}}, ("cost-center",)),
    "unknown key": ({"worklod": "churn"}, ("ml-workspace:worklod", "workload")),
    "unknown nested key": ({"storageAccount": {"accesTier": "Hot"}}, ("storageAccount", "accesTier", "accessTier")),
    "word instead of a number": (
        {"storageAccount": {"deleteRetentionDays": "soon"}},
        ("storageAccount", "deleteRetentionDays", "soon"),
    ),
    "word instead of an object": ({"keyVault": "mine"}, ("keyVault", "mine")),
    "environment outside the list": ({"environment": "qa"}, ("environment", "qa", "dev", "prod", "stage", "test")),
    "storage account name with capitals": ({"storageAccount": {"name": "Team_A-data"}}, ("Team_A-data", "3-24")),
    "key vault name that is too long": ({"keyVault": {"name": "kv-much-too-long-to-be-true"}}, ("24", "kv-much")),
    "generated name that is too long": ({"workload": "averylongworkload"}, ("workload", "averylongworkload", "24")),
    "location unknown to Azure": ({"location": "atlantis"}, ("location", "atlantis")),
    "hierarchical namespace on the default account": ({"storageAccount": {"isHnsEnabled": True}}, ("isHnsEnabled",)),
}
PORTS_OF_A_WORKSPACE = 6


@pytest.fixture(scope="module")
def stack(environment: Environment) -> Iterator[Stack]:
    """One stack that never starts: every test gives it another stack file."""
    with ephemeral_stack(environment) as stack:
        yield stack


@pytest.fixture(scope="module")
def said(stack: Stack) -> dict[str, Finished]:
    """What an update says about each case; one stack file holds the cases that change different keys."""
    found: dict[str, Finished] = {}
    for names in together({name: changed for name, (changed, _) in CASES.items()}):
        stack.configure(**{key: value for name in names for key, value in CASES[name][0].items()})
        found |= dict.fromkeys(names, stack.pulumi("up", "--yes", "--skip-preview"))
    return found


@pytest.mark.parametrize("name", CASES, ids=str)
def test_invalid_stack_file_is_rejected_and_nothing_is_created(
    stack: Stack, said: dict[str, Finished], name: str
) -> None:
    assert_refused(said[name], *CASES[name][1])
    assert not stack.objects()


def test_all_violations_are_reported_in_one_run(stack: Stack) -> None:
    stack.configure(environment="qa", worklod="churn", keyVault="mine", storageAccount={"name": "Team_A-data"}, tags={})

    finished = stack.pulumi("up", "--yes", "--skip-preview")

    assert_refused(finished, "qa", "worklod", "mine", "Team_A-data", "owner")


def test_exhausted_port_range_is_rejected_and_nothing_is_created(stack: Stack) -> None:
    with ExitStack() as held:
        first = occupy_port_range(held, PORTS_OF_A_WORKSPACE)
        last = first + PORTS_OF_A_WORKSPACE - 1
        stack.configure(portRange={"first": first, "last": last})

        finished = stack.pulumi("up", "--yes", "--skip-preview")

    assert_refused(finished, f"{first}-{last}", "portRange")
    assert not stack.objects()


def occupy_port_range(held: ExitStack, count: int) -> int:
    """Listen on ``count`` neighbouring ports until ``held`` is closed; return the first."""
    for first in range(41000, 49000, count):
        with ExitStack() as attempt:
            try:
                for port in range(first, first + count):
                    listener = attempt.enter_context(socket.socket())
                    listener.bind(("127.0.0.1", port))
                    listener.listen()
            except OSError:
                continue
            held.enter_context(attempt.pop_all())
            return first
    message = f"no {count} neighbouring ports are free between 41000 and 49000"
    raise AssertionError(message)
