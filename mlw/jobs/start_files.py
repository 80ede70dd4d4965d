"""The files that start the command of a job in its container.

The variables are in a file that only root can read, on the job's volume: what is in a container's definition can be
read by whoever may inspect it, and stays in the engine's files.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from mlw.jobs import job_paths
from mlw.jobs.ports import SourceFile

# The first process of a container ignores SIGTERM unless it handles it, and a shell does not pass it on. All processes
# of the job get it, as when a terminal is closed, and can end in order.
_START = f"""\
cd {job_paths.MOUNT}/"$1" || exit 126
. {job_paths.MOUNT}/{job_paths.VARIABLES}
shell=$(command -v bash) || shell=/bin/sh
trap 'kill -s TERM -- -1 2>/dev/null' TERM INT
"$shell" {job_paths.MOUNT}/{job_paths.COMMAND} </dev/null &
child=$!
wait "$child"; code=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
exit "$code"
"""


def command_line(job: str) -> tuple[str, ...]:
    """What the container runs."""
    return ("/bin/sh", f"{job_paths.MOUNT}/{job_paths.START}", job_paths.working_folder(job))


def files(command: str, variables: Mapping[str, str]) -> Iterator[SourceFile]:
    """The files: how it starts, the command, its variables."""
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    for name, text in ((job_paths.START, _START), (job_paths.COMMAND, command), (job_paths.VARIABLES, exports)):
        content = text.encode("utf-8", "surrogateescape")
        yield SourceFile(name=name, size=len(content), content=(content,), mode=0o600)
