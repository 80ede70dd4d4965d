"""Fixtures of tests that run the program with Pulumi mocks."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def _made_event_loops() -> Iterator[list[asyncio.AbstractEventLoop]]:
    """Every event loop that Pulumi makes from now on, in whatever thread: its mocks close none of them.

    Held until the end of the session, because a thread of the mocks may make one after its test has ended. A loop that
    nobody holds and nobody closed is a warning in whatever test is running when it is collected.
    """
    make, made = asyncio.new_event_loop, list[asyncio.AbstractEventLoop]()

    def new_event_loop() -> asyncio.AbstractEventLoop:
        # Threads of the mocks come here at the same time: what is last in the list may be another one's.
        loop = make()
        made.append(loop)
        return loop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", new_event_loop)
        # From here on asyncio makes none by itself for the main thread, past this function.
        asyncio.set_event_loop(None)
        yield made
    for loop in made:
        loop.close()


@pytest.fixture(scope="module")
def event_loops(
    tmp_path_factory: pytest.TempPathFactory, _made_event_loops: list[asyncio.AbstractEventLoop]
) -> Iterator[None]:
    """Event loops for Pulumi's mocks, closed afterwards; states are in an empty folder, for every user."""
    loop = asyncio.new_event_loop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_BACKEND_URL", tmp_path_factory.mktemp("state").as_uri())
        asyncio.set_event_loop(loop)
        yield
    asyncio.set_event_loop(None)
    loop.run_until_complete(loop.shutdown_default_executor())
    while _made_event_loops:
        _made_event_loops.pop().close()
