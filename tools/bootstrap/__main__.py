"""Entry point of `python3 -m tools.bootstrap` and `python3 tools/bootstrap`."""

from __future__ import annotations

import sys
from pathlib import Path

OLDEST = (3, 11)


def start() -> int:
    """Check the interpreter, make the package importable, run the command."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.stderr.write(f"error: Python 3.11 or newer is required, this is {found} ({sys.executable}).\n")
        return 1
    if not __package__:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tools.bootstrap.bootstrap_commands import main  # noqa: PLC0415  (only now can it be found)

    return main()


if __name__ == "__main__":
    sys.exit(start())
