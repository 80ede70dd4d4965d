"""`python -m tools.bench [--stack dev] [--rounds 3]`: measure on a temporary stack, see :mod:`workspace_bench`."""

from __future__ import annotations

import argparse
import os
import sys

from infra.host import environment
from mlw.lifecycle import stack_context
from mlw.lifecycle.__main__ import guarded
from tools.bench import workspace_bench


def main() -> int:
    """Measure.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description="Measure against plain docker.")
    parser.add_argument("--stack", default="dev", help="stack whose configuration is used")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    environment.enter()
    return guarded(
        "bench", lambda: workspace_bench.bench(stack_context.load(options.stack, os.environ), options.rounds)
    )


if __name__ == "__main__":
    sys.exit(main())
