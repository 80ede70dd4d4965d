"""One workspace with registered datastores beside the default ones, shared by the files of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.datastores import REGISTERED
from tests.support.environment import Environment
from tests.support.stacks import LiveStack, live_stack


@pytest.fixture(scope="package")
def live(environment: Environment) -> Iterator[LiveStack]:
    """The workspace; who changes its datastores puts them back."""
    with live_stack(environment, datastores=REGISTERED) as stack:
        yield stack
