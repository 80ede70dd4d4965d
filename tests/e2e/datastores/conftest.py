"""One workspace with registered datastores in addition to the default ones, shared by the files of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.datastores import REGISTERED
from tests.support.environment import Environment
from tests.support.stacks import LiveStack, live_stack


@pytest.fixture(scope="package")
def live(environment: Environment) -> Iterator[LiveStack]:
    """The workspace; a test that changes its datastores restores them."""
    with live_stack(environment, datastores=REGISTERED) as stack:
        yield stack
