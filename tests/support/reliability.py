"""Outcomes of the faults that tests provoke: the results that `docs/reliability.md` is generated from.

A test states the fault and the expected outcome with ``@pytest.mark.fault(done, holds)``. ``--reliability=FILE`` writes
the outcome of each, also from the workers of `make test`, since a test's report carries its statement.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

PROPERTY = "fault"
WORDS = 2
"""Of a marker that describes a fault; the tier's own has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultResult:
    """One case of one test."""

    file: str
    test: str
    case: str
    done: str
    holds: str
    survived: bool | None
    """None for a test that was collected and did not run."""


def description_of(item: pytest.Item) -> tuple[str, str] | None:
    """Return a test's description of its fault; None for a test without one."""
    for marker in item.iter_markers("fault"):
        if len(marker.args) == WORDS:
            done, holds = marker.args
            return str(done), str(holds)
    return None


def describe(item: pytest.Item) -> None:
    """Attach a test's description of its fault to its reports."""
    if description := description_of(item):
        item.user_properties.append((PROPERTY, list(description)))


class Recorder:
    """Collects the outcomes of faults, and writes them at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._results: dict[str, FaultResult] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Record the collected faults; with ``--collect-only`` there are no results."""
        for item in session.items:
            if described := description_of(item):
                self._note(item.nodeid, described, survived=None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record one phase of a test; every phase must pass."""
        described: Sequence[str] | None = dict(report.user_properties).get(PROPERTY)  # type: ignore[assignment]
        if described is not None:
            before = self._results.get(report.nodeid)
            failed = before is not None and before.survived is False
            self._note(report.nodeid, described, survived=report.passed and not failed)

    def _note(self, nodeid: str, described: Sequence[str], *, survived: bool | None) -> None:
        file, _, rest = nodeid.partition("::")
        test, _, case = rest.partition("[")
        self._results[nodeid] = FaultResult(
            file=file,
            test=test,
            case=case.removesuffix("]"),
            done=described[0],
            holds=described[1],
            survived=survived,
        )

    def pytest_sessionfinish(self) -> None:
        """Write the results in a fixed order."""
        results = [asdict(self._results[nodeid]) for nodeid in sorted(self._results)]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(results, indent=1) + "\n")
