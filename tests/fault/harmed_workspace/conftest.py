"""One plain workspace for the files of this folder: they damage it, and repair it as a user does."""

from collections.abc import Iterator

import pytest

from tests.support.environment import Environment
from tests.support.stacks import LiveStack, live_stack


@pytest.fixture(scope="package")
def live(environment: Environment) -> Iterator[LiveStack]:
    """The workspace."""
    with live_stack(environment) as stack:
        yield stack
