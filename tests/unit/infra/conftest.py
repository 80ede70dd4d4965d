"""Fixtures of tests that run the program with Pulumi mocks."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def event_loops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Close the event loops that Pulumi's mocks leave open; states are in an empty folder, for every user."""
    make, made = asyncio.new_event_loop, list[asyncio.AbstractEventLoop]()

    def new_event_loop() -> asyncio.AbstractEventLoop:
        # Threads of the mocks come here at the same time: what is last in the list may be another one's.
        loop = make()
        made.append(loop)
        return loop

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_BACKEND_URL", tmp_path_factory.mktemp("state").as_uri())
        patch.setattr(asyncio, "new_event_loop", new_event_loop)
        asyncio.set_event_loop(asyncio.new_event_loop())
        yield
    asyncio.set_event_loop(None)
    for loop in made:
        loop.close()
