"""Types of jobs that are one container with a program of this project in it, and how they become command jobs.

Each type has a function from its document to that of the command job that carries it out. It may use two keys that
Azure's schema of command jobs does not have: `program`, see :mod:`mlw.jobs.program_files`, and `notices`, for the user.
Records keep the type and the document as they were written.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

TABLE: dict[str, str] = {
    "automl": "mlw.automl.automl_documents:command_of",
    "monitor": "mlw.monitoring.monitor_documents:command_of",
    "parallel": "mlw.parallel_jobs.parallel_documents:command_of",
}
"""Type to its function, `module:name`; imported when there is such a job."""


OVERRIDDEN: Mapping[str, tuple[str, ...]] = {
    "parallel": (
        "error_threshold", "input_data", "logging_level", "max_concurrency_per_instance", "mini_batch_error_threshold",
        "mini_batch_size", "partition_keys", "resources", "retry_settings",
    ),
}  # fmt: skip
"""Type to what a step may set otherwise than its component."""


def with_component(
    step: Mapping[str, Any], component: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A step, and the component that it runs, as those of a command.

    Raises:
        JobError: The component cannot run here.
    """
    names = OVERRIDDEN.get(str(component.get("type") or ""), ())
    given = {key: _merged(component.get(key), step[key]) for key in names if key in step}
    left = {key: value for key, value in step.items() if key not in given} if given else step
    return left, as_command({**component, **given} if given else component)


def _merged(declared: object, given: object) -> object:
    """Of a mapping the step may set some keys only."""
    return {**declared, **given} if isinstance(declared, Mapping) and isinstance(given, Mapping) else given


def as_command(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of the command job that carries out a job, a step or a component; itself if there is no other.

    Raises:
        JobError: The job cannot run here.
    """
    place = TABLE.get(str(document.get("type") or ""))
    if place is None:
        return document
    module, _, name = place.partition(":")
    found: Mapping[str, Any] = getattr(import_module(module), name)(document)
    return {**found, "type": document["type"]}
