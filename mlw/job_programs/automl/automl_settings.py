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
        timeout_seconds: For everything.
        trial_timeout_seconds: For one trial.
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
    validation_size: float = 0
    test_size: float = 0
    timeout_seconds: int = 0
    trial_timeout_seconds: int = 0
    max_trials: int = 1000
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
        return cls(**{**found, "learners": tuple(found["learners"]), "imputers": tuple(found["imputers"])})


def cpus() -> int:
    """CPUs that this container may use."""
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="utf-8") as file:  # noqa: PTH123 - the kernel's, not a path of ours
            quota, period = file.read().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # no limit: `max 100000`
        return os.cpu_count() or 1
