"""The first process of a deployment's container: starts the server, passes signals on, and ends it if it hangs.

    python -m mlw.job_programs.model_server FOLDER

FOLDER has `serving.json` and `variables.json`, which only the user of the container can read: variables may be secret,
and those in a container's definition can be read by whoever may inspect it. With `collector.json`, data is collected;
with `identity.json`, the server has a token of the key vault. The engine starts a container again that has ended.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mlw.job_programs.model_server.collected_records import FILE, SETTINGS
from mlw.job_programs.model_server.probe import PORT, is_alive

SERVING, VARIABLES, IDENTITY = "serving.json", "variables.json", "identity.json"
OUT_OF_MEMORY = 137
"""The exit code of a process that the kernel ends."""

_KILLED_AFTER_SECONDS, _TICK_SECONDS = 5.0, 0.5
_MEMORY_EVENTS = (Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control"))


def main() -> int:
    """Run the server; its exit code, or 1 if it hung or cannot be started."""
    folder = Path(sys.argv[1])
    settings: dict[str, Any] = json.loads((folder / SERVING).read_text(encoding="utf-8"))
    variables: dict[str, str] = json.loads((folder / VARIABLES).read_text(encoding="utf-8"))
    needed = settings["module"]
    if importlib.util.find_spec(needed) is None:
        print(
            f"The environment has no module '{needed}'. Add the package '{settings['package']}' to its conda file.",
            file=sys.stderr,
        )
        return 1
    lost = threading.Event()
    with ExitStack() as running:
        if (folder / IDENTITY).exists():
            from mlw.job_programs.model_server.vault_login import logged_in  # noqa: PLC0415 - only with an identity

            token, lost = running.enter_context(logged_in(folder / IDENTITY))
            variables = {**token, **variables}
        if (folder / FILE).exists():
            from mlw.job_programs.model_server.collector import collecting  # noqa: PLC0415 - costs nothing if it is off

            variables = {**variables, SETTINGS: str(folder / FILE)}
            running.enter_context(collecting(folder))
        return _run(settings, variables, lost)


def _run(settings: dict[str, Any], variables: dict[str, str], lost: threading.Event) -> int:
    server = subprocess.Popen([sys.executable, *settings["arguments"]], env={**os.environ, **variables})
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: server.send_signal(received))
    return _watch(server, settings["liveness"], int(settings.get("port", PORT)), lost)


def _watch(server: subprocess.Popen[bytes], probe: dict[str, float], port: int, lost: threading.Event) -> int:
    """Wait for the end of the server; end it after so many failed probes in a row, or when its login is lost.

    If memory is exhausted before it is ready, it is ended, too: a server that starts its processes again would do so
    for ever.
    """
    failures, is_ready, due = 0, False, time.monotonic() + probe["initial_delay"]
    while True:
        try:
            return _as_exit_code(server.wait(_TICK_SECONDS))
        except subprocess.TimeoutExpired:
            pass
        if lost.is_set():
            _end(server)
            return 1
        if not is_ready and _is_out_of_memory():
            print("The server ran out of memory before it was ready; it is ended.", file=sys.stderr)
            _end(server)
            return OUT_OF_MEMORY
        if time.monotonic() < due:
            continue
        is_alive_now, due = is_alive(probe["timeout"], port), time.monotonic() + probe["period"]
        failures, is_ready = (0, True) if is_alive_now else (failures + 1, is_ready)
        if failures >= probe["failure_threshold"]:
            print(f"The server did not respond to {failures} liveness probes in a row; it is ended.", file=sys.stderr)
            _end(server)
            return 1


def _is_out_of_memory() -> bool:
    """Whether the kernel has ended a process of this container for lack of memory."""
    for path in _MEMORY_EVENTS:
        if path.exists():
            lines = (line.split() for line in path.read_text(encoding="ascii").splitlines())
            return any(words[0] == "oom_kill" and int(words[1]) > 0 for words in lines)
    return False


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_KILLED_AFTER_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _as_exit_code(code: int) -> int:
    """As a shell has it: 128 and the number of the signal."""
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
