"""The program `instance`: `--config FILE` serves, `--version` prints JupyterLab's version."""

from __future__ import annotations

import argparse
import logging
import sys
from importlib.metadata import version
from pathlib import Path

from .instance_configuration import ConfigurationError, load

_LOG = logging.getLogger("instance")


def main() -> int:
    """Run the program.

    Returns:
        0 if the instance was stopped or idle, so that its container stays stopped; a crash restarts it.
    """
    parser = argparse.ArgumentParser(prog="instance", description="Serve JupyterLab for one user of a workspace.")
    parser.add_argument("--config", type=Path, default=Path("/etc/instance/config.json"), metavar="FILE")
    parser.add_argument("--version", action="store_true", help="print JupyterLab's version and exit")
    arguments = parser.parse_args()
    if arguments.version:
        sys.stdout.write(f"{version('jupyterlab')}\n")
        return 0
    try:
        from .instance_server import serve  # noqa: PLC0415 - takes a second to import

        serve(load(arguments.config))
    except ConfigurationError as exc:
        _LOG.error("not started: %s", exc)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
