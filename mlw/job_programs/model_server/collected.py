"""Prints how many records of data the collector in this container has taken, written and dropped, as JSON.

python -m mlw.job_programs.model_server.collected
"""

from __future__ import annotations

import sys
import urllib.request

from mlw.job_programs.model_server.collected_records import PORT

_TIMEOUT_SECONDS = 2.0


def main() -> int:
    """Print the counts; 1 if there is no collector."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{PORT}/", timeout=_TIMEOUT_SECONDS) as response:
            print(response.read().decode())
    except OSError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
