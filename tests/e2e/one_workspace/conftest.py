"""One plain workspace for the files of this folder: they look at it, write into it, and leave it as it was made."""

from collections.abc import Iterator

import pytest

from tests.support.environment import Environment
from tests.support.stacks import LiveStack, live_stack


@pytest.fixture(scope="package")
def live(environment: Environment) -> Iterator[LiveStack]:
    """The workspace."""
    with live_stack(environment) as stack:
        yield stack
