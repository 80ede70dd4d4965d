"""`python -m tools.bench [--stack dev] [--rounds 3] [--insights]`: measure on a temporary stack."""

from __future__ import annotations

import argparse
import os
import sys

from infra.host import environment
from mlw.lifecycle import stack_context
from mlw.lifecycle.__main__ import guarded
from tools.bench import insights_bench, workspace_bench


def main() -> int:
    """Measure.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description="Measure against plain docker.")
    parser.add_argument("--stack", default="dev", help="stack whose configuration is used")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--insights", action="store_true", help="measure application insights under load instead")
    options = parser.parse_args()
    environment.enter()
    return guarded("bench", lambda: _bench(options))


def _bench(options: argparse.Namespace) -> None:
    model = stack_context.load(options.stack, os.environ)
    if options.insights:
        insights_bench.bench(model)
    else:
        workspace_bench.bench(model, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
