"""Settings of a job of type `automl`, as its command has them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What the document says, in the program's own terms.

    Attributes:
        metric: Name of the primary metric, as the run has it.
        learners: FLAML's names of what is tried.
        folds: For a cross-validation; 0 to choose by the number of rows.
        split_columns: Columns of the training table, each a fold: 1 in rows for training, 0 in those for validation.
        timeout_seconds: For everything.
        trial_timeout_seconds: For one trial.
        at_once: How many trials run at the same time.
        most_cores: Of a trial; not more than 0 for all that there are.
        exit_score: The search ends when the metric is at least as good.
        model: Name that the best model is registered under; empty for that of the job.
        imputers: Azure's parameters of the imputers of columns.
    """

    task: str
    metric: str
    target: str
    learners: tuple[str, ...]
    model: str = ""
    weight: str = ""
    folds: int = 0
    split_columns: tuple[str, ...] = ()
    validation_size: float = 0
    test_size: float = 0
    timeout_seconds: int = 0
    trial_timeout_seconds: int = 0
    max_trials: int = 1000
    at_once: int = 1
    most_cores: int = -1
    exit_score: float | None = None
    stops_early: bool = True
    has_ensemble: bool = False
    is_explained: bool = True
    featurization: str = "auto"
    column_types: Mapping[str, str] = field(default_factory=dict)
    imputers: tuple[Mapping[str, Any], ...] = ()
    verbosity: str = "info"

    def as_text(self) -> str:
        """As an argument of a command."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of(cls, text: str) -> Settings:
        """Read what :meth:`as_text` writes."""
        found = json.loads(text)
        return cls(**{**found, **{name: tuple(found[name]) for name in ("learners", "imputers", "split_columns")}})


def cpus() -> int:
    """CPUs that this container may use."""
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="utf-8") as file:  # noqa: PTH123 - the kernel's, not a path of ours
            quota, period = file.read().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # no limit: `max 100000`
        return os.cpu_count() or 1
