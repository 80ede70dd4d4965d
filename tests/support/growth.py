"""What is left after stacks were created and destroyed: files of home, project and temporary folder, and processes.

A first cycle is never measured: it creates what every later one reuses.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.environment import Environment, copy_project, make_environment
from tests.support.footprint import files_below, growth, processes_with
from tests.support.probes import probe_until
from tests.support.stacks import Stack

SPARE_BYTES = 4096
"""What a file that is written again may grow by: other numbers, longer names."""

PROCESSES_END_SECONDS = 30.0
"""After a run, its last plugins and the collection of their memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """Folders that runs write to; ``temporary`` is the only one for temporary files."""

    environment: Environment
    temporary: Path

    def files(self) -> dict[str, int]:
        """Return the size of each file, in bytes, by path; without the records that outlive a stack on purpose."""
        home, project = self.environment.home, self.environment.project
        found = files_below([home, self.environment.state_folder, project, self.temporary])
        kept = (str(home / "activity" / "log-"), str(home / "activity" / "head.json"), str(home / "activity" / "usage"))
        return {path: size for path, size in found.items() if not path.startswith(kept)}

    def assert_flat(self, before: Mapping[str, int]) -> None:
        """Fail for each file that is new or has grown, and each process that is still running."""
        assert growth(before, self.files(), spare_bytes=SPARE_BYTES) == []
        assert list(self.temporary.iterdir()) == []
        probe_until(self.assert_no_process, what="the end of all processes", timeout_seconds=PROCESSES_END_SECONDS)

    def assert_no_process(self) -> None:
        """Fail if a process of a run is still running."""
        assert processes_with("TMPDIR", str(self.temporary)) == []


def make_traces(folder: Path) -> Traces:
    """Create a home, a project and a temporary folder that no other test uses."""
    temporary = folder / "temporary"
    temporary.mkdir()
    made = make_environment(copy_project(folder / "project"), folder / "home")
    variables = {**made.variables, "TMPDIR": str(temporary)}
    return Traces(environment=dataclasses.replace(made, variables=variables), temporary=temporary)


def up_and_down(stack: Stack) -> None:
    """Bring a stack up and take it down, as `make` does."""
    stack.lifecycle("up").check()
    stack.lifecycle("down").check()
