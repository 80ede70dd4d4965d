"""Do work for several callers at once: what arrives while other work is under way is done together afterwards.

The first caller need not wait for the others, and nobody waits for a time to pass.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from threading import Lock
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Combiner(Generic[_Item]):
    """Calls an action with one or more items, and never twice at the same time.

    Args:
        action: Does the work when it is entered, and cleans up when it is left. Only one of its callers waits for that.
    """

    def __init__(self, action: Callable[[list[_Item]], AbstractContextManager[None]]) -> None:
        self._action = action
        self._waiting: list[tuple[_Item, Future[None]]] = []
        self._list, self._turn = Lock(), Lock()

    def run(self, item: _Item) -> None:
        """Do the work for an item.

        Raises:
            BaseException: What the action raised, for every item of the same call.
        """
        mine = Future[None]()
        with self._list:
            self._waiting.append((item, mine))
        with ExitStack() as cleaning:
            with self._turn:
                if not mine.done():
                    self._run_waiting(cleaning)
            mine.result()

    def _run_waiting(self, cleaning: ExitStack) -> None:
        with self._list:
            taken, self._waiting = self._waiting, []
        try:
            cleaning.enter_context(self._action([item for item, _ in taken]))
        except BaseException as exc:
            for _, future in taken:
                future.set_exception(exc)
        else:
            for _, future in taken:
                future.set_result(None)
