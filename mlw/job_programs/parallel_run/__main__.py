"""Carries out a parallel job: `python -m mlw.job_programs.parallel_run SCRIPT SETTINGS [ARGUMENT ...]`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mlw.job_programs.parallel_run.batch_workers import Worker
from mlw.job_programs.parallel_run.driver import Counts, Driver
from mlw.job_programs.parallel_run.kept_lines import KeptLines
from mlw.job_programs.parallel_run.mini_batches import MiniBatch, mini_batches
from mlw.job_programs.parallel_run.parallel_settings import Settings
from mlw.job_programs.parallel_run.run_metrics import RunMetrics
from mlw.job_programs.parallel_run.scoring_folders import set_variables
from mlw.job_programs.program_errors import running


def main() -> int:
    """Divide, run, count."""
    script, text, *arguments = sys.argv[1:]
    started, settings, own = time.monotonic(), Settings.of(text), _own(arguments)
    set_variables(settings)
    batches = mini_batches(settings, Path(os.environ[f"AZURE_ML_INPUT_{settings.data}"]))
    settings = _with_percent(settings, own.allowed_failed_percent, batches)
    settings = replace(settings, error_threshold=_stricter(settings.error_threshold, own.error_threshold))
    output = os.environ.get(f"AZURE_ML_OUTPUT_{settings.append_to}") if settings.append_to else None
    kept, metrics = KeptLines(Path(output) if output else None, own.append_row_file_name), RunMetrics()
    items = sum(one.items for one in batches)
    _say(f"mini-batches: {len(batches)}; items: {items}; processes: {settings.processes}")
    driver = Driver(
        settings,
        start=lambda number: Worker.start(number, script, arguments, batches),
        keep=kept.keep,
        progress=lambda counts: metrics.log(counts.as_metrics()),
        say=_say,
    )
    try:
        driver.run(batches)
    finally:
        metrics.log(driver.counts.as_metrics(), is_last=True)
        _say(_summary(driver.counts, time.monotonic() - started))
    return 0


def _own(arguments: Sequence[str]) -> argparse.Namespace:
    """Azure's own arguments among those of the script."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--allowed_failed_percent", type=float)
    parser.add_argument("--error_threshold", type=int, default=-1)
    parser.add_argument("--append_row_file_name", default="")
    return parser.parse_known_args(list(arguments))[0]


def _with_percent(settings: Settings, percent: float | None, batches: Sequence[MiniBatch]) -> Settings:
    """The stricter of the threshold and the percentage of mini-batches that may fail."""
    if percent is None:
        return settings
    allowed = _stricter(settings.batch_error_threshold, int(len(batches) * percent / 100))
    return replace(settings, batch_error_threshold=allowed)


def _stricter(first: int, second: int) -> int:
    """The lower one of two thresholds; a negative one allows any number."""
    return max(first, second) if min(first, second) < 0 else min(first, second)


def _summary(counts: Counts, seconds: float) -> str:
    return (
        f"mini-batches: {counts.done} processed, {counts.failed} failed, {counts.retried} retried, "
        f"{counts.batches - counts.done - counts.failed} not run; items: {counts.items} processed, "
        f"{counts.failed_items} failed; {seconds:.1f} s"
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(running(main))
