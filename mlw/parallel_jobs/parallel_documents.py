"""From the document of a parallel job to that of the command job that carries it out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from mlw.job_programs.parallel_run.parallel_settings import Settings
from mlw.jobs import program_files
from mlw.jobs.job_errors import JobError

PROGRAM = "parallel_run"
_OWN = frozenset(
    {
        "task", "mini_batch_size", "partition_keys", "input_data", "retry_settings", "max_concurrency_per_instance",
        "error_threshold", "mini_batch_error_threshold", "logging_level", "scoring",
    }
)  # fmt: skip
"""Keys that only parallel jobs have. `scoring` is not Azure's: a batch deployment names an input as `model`
and an output as `output`. A model of MLflow needs no entry script.
"""

_TASKS = ("run_function", "function")
_INPUT = re.compile(r"\$\{\{\s*inputs\.([\w.-]+)\s*\}\}")
_OUTPUT = re.compile(r"\$\{\{\s*outputs\.([\w.-]+)\s*\}\}")
_SIZE = re.compile(r"\s*(\d+)\s*([kmg]?)(b?)\s*", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_DOING = "reading a parallel job"


def command_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of the command job; see :mod:`mlw.jobs.job_types`.

    Raises:
        JobError: It cannot run here.
    """
    task = document.get("task") or {}
    settings, script = _settings(document, task), str(task.get("entry_script") or "")
    if not script and not document.get("scoring"):
        raise JobError(f"{_DOING}: `task.entry_script` is missing. Name the Python file that has run(mini_batch).")
    resources = dict(document.get("resources") or {})
    nodes = _number({"instance_count": resources.pop("instance_count", None)}, "instance_count", 1)
    words = (
        program_files.command_line(PROGRAM),
        shlex.quote(script),
        shlex.quote(settings.as_text()),
        " ".join(str(task.get("program_arguments") or "").split("\n")).strip(),
    )
    return {
        **{key: value for key, value in document.items() if key not in _OWN},
        "command": " ".join(filter(None, words)),
        "program": PROGRAM,
        "code": task.get("code"),
        "environment": task.get("environment"),
        "resources": resources,
        "notices": list(_notices(nodes, settings)),
    }


def _settings(document: Mapping[str, Any], task: Mapping[str, Any]) -> Settings:
    kind = str(task.get("type") or "")
    if kind not in _TASKS:
        raise JobError(
            f"{_DOING}: task.type '{kind}' is not supported; allowed: {', '.join(_TASKS)}. Load the model in init() of "
            "an entry script."
        )
    count, size = _mini_batch_size(document.get("mini_batch_size"))
    retries = document.get("retry_settings") or {}
    data = _bound(_INPUT, document.get("input_data"), "input_data", document.get("inputs") or {})
    declared = (document.get("inputs") or {}).get(data)
    append = task.get("append_row_to")
    return Settings(
        data=data,
        is_table=isinstance(declared, Mapping) and declared.get("type") == "mltable",
        append_to=_bound(_OUTPUT, append, "task.append_row_to", document.get("outputs") or {}) if append else "",
        batch_files=count,
        batch_bytes=size,
        partition_keys=tuple(map(str, document.get("partition_keys") or ())),
        processes=max(1, _number(document, "max_concurrency_per_instance", 1)),
        error_threshold=_number(document, "error_threshold", -1),
        batch_error_threshold=_number(document, "mini_batch_error_threshold", -1),
        retries=_number(retries, "max_retries", 2),
        timeout_seconds=_number(retries, "timeout", 60),
        is_verbose=str(document.get("logging_level") or "").upper() == "DEBUG",
        **(document.get("scoring") or {}),
    )


def _number(document: Mapping[str, Any], key: str, default: int) -> int:
    value = document.get(key)
    if value is None:
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise JobError(f"{_DOING}: `{key}` is '{value}'; write a whole number.") from None


def _mini_batch_size(given: object) -> tuple[int, int]:
    """How many files, and how many bytes; one of them is 0."""
    match = _SIZE.fullmatch(str(given if given is not None else 1))
    if match is None or not int(match[1]):
        raise JobError(
            f"{_DOING}: `mini_batch_size` is '{given}'; write a number of files, or a size like 10kb or 1mb."
        )
    if not match[2] and not match[3]:
        return int(match[1]), 0
    return 0, int(match[1]) * _UNITS[match[2].lower()]


def _bound(pattern: re.Pattern[str], value: object, key: str, names: Mapping[str, Any]) -> str:
    """The input or output that a binding names."""
    match = pattern.fullmatch(str(value or "").strip())
    if match is None or match[1] not in names:
        what = "inputs" if pattern is _INPUT else "outputs"
        raise JobError(
            f"{_DOING}: `{key}` is '{value}'; write ${{{{{what}.NAME}}}} with one of: {', '.join(names) or 'none'}."
        )
    return match[1]


def _notices(nodes: int, settings: Settings) -> Iterator[str]:
    if nodes > 1:
        yield (
            f"`resources.instance_count` {nodes} is 1 here: a job is one container. Its number of processes is "
            f"`max_concurrency_per_instance`, {settings.processes}."
        )
