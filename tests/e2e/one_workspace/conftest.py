"""One plain workspace for the files of this folder: they inspect it, write to it, and leave it unchanged."""

from collections.abc import Iterator

import pytest

from tests.support.environment import Environment
from tests.support.stacks import LiveStack, live_stack
from tests.support.studio_visitors import browser, context, login, playwright, studio, visitor

__all__ = ["browser", "context", "login", "playwright", "studio", "visitor"]


@pytest.fixture(scope="package")
def live(environment: Environment) -> Iterator[LiveStack]:
    """The workspace."""
    with live_stack(environment) as stack:
        yield stack
