"""Asks the server in this container whether it is ready, or waits until it serves no request any more.

python -m mlw.job_programs.model_server.probe ready SECONDS [PORT]
python -m mlw.job_programs.model_server.probe drained SECONDS [PORT]
"""

from __future__ import annotations

import http.client
import sys
import time
from pathlib import Path

PORT, PATH = 5001, "/"
_POLL_SECONDS = 0.05
_ESTABLISHED = "01"
_OK = range(200, 300)


def is_alive(seconds: float, port: int = PORT) -> bool:
    """Whether the server responds to a liveness probe within so many seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status in _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def connections(port: int = PORT) -> int:
    """How many clients are connected to the server; its own probes come from 127.0.0.1 and do not count."""
    found = 0
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        path = Path(table)
        lines = path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else []
        for _, local, remote, state, *_rest in (line.split() for line in lines):
            is_local = remote.partition(":")[0].endswith("0100007F")
            found += local.endswith(f":{port:04X}") and state == _ESTABLISHED and not is_local
    return found


def wait(wanted: str, seconds: float, port: int = PORT) -> bool:
    """Wait until the server is in a state, `ready` or `drained`; whether it is."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if is_alive(left, port) if wanted == "ready" else not connections(port):
            return True
        time.sleep(_POLL_SECONDS)
    return False


if __name__ == "__main__":
    sys.exit(0 if wait(sys.argv[1], float(sys.argv[2]), *map(int, sys.argv[3:])) else 1)
