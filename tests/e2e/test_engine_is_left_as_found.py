"""Last of the whole run: the tests left nothing on the engine and nothing in their own state.

The inventories are unfiltered, so that an object without a label is noticed as well.
"""

import json
from pathlib import Path

import pytest
from docker import DockerClient

from tests.support.environment import Environment
from tests.support.inventory import Inventory, assert_same, take_inventory


def test_engine_is_unchanged_since_the_first_test(engine: DockerClient, engine_before: Inventory) -> None:
    assert_same(engine_before, take_inventory(engine))


def test_no_backend_of_the_run_has_a_stack_or_a_lock(environment: Environment, run_folder: Path) -> None:
    backends = [backend for depth in ("", "*/") for backend in run_folder.glob(f"{depth}run*/state/.pulumi")]
    files = [path for backend in backends for folder in ("stacks", "locks") for path in (backend / folder).rglob("*")]

    assert environment.state_folder in backends
    assert [str(path) for path in files if path.is_file()] == []


@pytest.mark.parametrize("what", ["ports", "subnets"])
def test_nothing_is_claimed(environment: Environment, what: str) -> None:
    claims = environment.home / f"{what}.json"

    assert not claims.exists() or json.loads(claims.read_text()) == {}
