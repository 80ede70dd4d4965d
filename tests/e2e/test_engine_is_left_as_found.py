"""Last of the whole run: the tests left nothing on the engine and nothing in their own state.

The inventories are unfiltered, so that an object which lost its label, or never had one, is seen as well.
"""

import json

import pytest
from docker import DockerClient

from tests.support.environment import Environment
from tests.support.inventory import Inventory, assert_same, take_inventory


def test_engine_holds_what_it_held_before_the_first_test(engine: DockerClient, engine_before: Inventory) -> None:
    assert_same(engine_before, take_inventory(engine))


def test_backend_holds_no_stack_and_no_lock(environment: Environment) -> None:
    files = [path for folder in ("stacks", "locks") for path in (environment.state_folder / folder).rglob("*")]

    assert [str(path) for path in files if path.is_file()] == []


@pytest.mark.parametrize("what", ["ports", "subnets"])
def test_nothing_is_claimed(environment: Environment, what: str) -> None:
    claims = environment.home / f"{what}.json"

    assert not claims.exists() or json.loads(claims.read_text()) == {}
