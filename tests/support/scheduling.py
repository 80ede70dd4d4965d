"""Which tests run in parallel on the workers of `make test`, and which ones need the machine for themselves.

A unit of work must stay on one worker: the files of a folder whose ``conftest.py`` brings up one workspace for all of
them, otherwise a file, otherwise (if every test brings its own workspace) a single test. Units start in the order of
the collection, which is that of the tiers; in a tier, folders come first. The files listed in ``ALONE`` run after all
others, one unit after the other on the only remaining worker: the others have ended by then and removed everything
that they created.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.support.tiers import TESTS_ROOT, position_of, tier_of

ALONE: Mapping[str, str] = {
    "integration/test_go_modules.py": "compiles on all cores; time limits of queries",
    "fault/test_bootstrap_engine.py": "an engine inside the machine has to start in time",
    "fault/test_key_vault_restarts.py": "the five seconds in which a key vault unseals itself",
    "fault/test_everything_at_once.py": "restarts the engine; the five seconds in which a key vault unseals itself",
    "e2e/test_engine_is_left_as_found.py": "compares everything on the engine with what was there before the run",
}
"""File below ``tests/`` to the reason why nothing else may run at the same time."""

SPREAD = frozenset({"fault/test_killed_runs.py"})
"""Files in which every test has a workspace of its own, so that they may go to different workers."""

LONGEST = ("e2e/jobs", "e2e/training", "e2e/online_endpoints")
"""Folders that keep a worker for a third of the run: they begin their tier, so that none of them ends the run."""

SHARED_BY_FOLDER = frozenset({"integration", "e2e", "fault"})
"""Tiers in which a folder with a ``conftest.py`` shares a workspace."""


def runs_alone(path: Path) -> bool:
    """Return whether nothing else may run at the same time as a test file."""
    return _name(path) in ALONE


@cache  # of a file once, not of each of its tests
def order_of(path: Path) -> tuple[bool, bool, int, bool, int, Path]:
    """Return the place of a file in the run: large units begin a tier, single tests end the parallel part.

    So the workers end together.
    """
    tier, folder = position_of(path)
    name = folder.relative_to(TESTS_ROOT).as_posix()
    length = LONGEST.index(name) if name in LONGEST else len(LONGEST)
    return (runs_alone(path), _name(path) in SPREAD, tier, not _shares_workspace(path), length, folder)


def _shares_workspace(path: Path) -> bool:
    """Whether a file shares a workspace with the others of its folder."""
    folder = path.parent
    return folder.parent != TESTS_ROOT and tier_of(path) in SHARED_BY_FOLDER and (folder / "conftest.py").is_file()


def _name(path: Path) -> str:
    return path.relative_to(TESTS_ROOT).as_posix()


def unit_of(nodeid: str) -> str:
    """Return the unit of work that a test belongs to."""
    file = nodeid.partition("::")[0]
    path = TESTS_ROOT.parent / file
    if _name(path) in SPREAD:
        return nodeid
    return path.parent.relative_to(TESTS_ROOT.parent).as_posix() if _shares_workspace(path) else file


class SideBySideScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Assigns units of work in order; those that run alone only to the last worker."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the largest units first would put those that run alone in the middle

    def remove_node(self, node: WorkerController) -> str | None:
        """Remove a worker that has ended, and assign what the others can start now."""
        crashed: str | None = super().remove_node(node)
        if self.collection:
            for left in self.nodes:
                self._reschedule(left)
        return crashed

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _reschedule(self, node: WorkerController) -> None:
        # A worker needs to know its next test before it runs one: with fewer than two it waits, with more it
        # would keep units from workers that have nothing to do.
        pending = -1
        while pending < self._pending_of(self.assigned_work[node]) <= 1:
            pending = self._pending_of(self.assigned_work[node])
            super()._reschedule(node)

    def _assign_work_unit(self, node: WorkerController) -> None:
        others = [other for other in self.nodes if other is not node]
        unit = next(iter(self.workqueue))
        if not others or not runs_alone(TESTS_ROOT.parent / unit):
            super()._assign_work_unit(node)
        elif not all(other.shutting_down for other in others):
            node.shutdown()
        # Otherwise it is the last one, and waits: `remove_node` comes back when the others have ended.
