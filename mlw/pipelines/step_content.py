"""What decides the result of a step: equal contents give equal results, so that they are reused.

Names, descriptions, tags, the compute and time limits do not count, because they do not change what a command writes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from mlw.jobs import program_files
from mlw.jobs.command_jobs import CommandJob, JobInput

Content = Mapping[str, Any]
"""JSON; :func:`content_of` makes it."""

_OF_SWEEP = ("space", "algorithm", "metric", "maximize", "most_trials", "policy")


def content_of(
    job: CommandJob,
    *,
    image: str,
    digests: Mapping[str, str],
    distribution: Mapping[str, Any],
    sweep: Mapping[str, Any] = MappingProxyType({}),
) -> Content:
    """Collect what decides the result of a job.

    Args:
        job: The job, with the values of all inputs.
        image: Digest of the image that it runs in.
        digests: Digest of the content of each input that is data.
        distribution: How its processes are started.
        sweep: How the parameters of its trials are searched, if it is a sweep.
    """
    return {
        "command": job.command,
        "code": job.code,
        "image": image,
        **({"program": program_files.digest(job.program)} if job.program else {}),
        **({"sweep": {key: sweep[key] for key in _OF_SWEEP}} if sweep else {}),
        "distribution": dict(distribution),
        "inputs": {name: _input(one, digests.get(name, "")) for name, one in sorted(job.inputs.items())},
        "outputs": {
            name: [one.type, one.asset, one.location.name.replace(job.name, "") if one.location else ""]
            for name, one in sorted(job.outputs.items())
        },
        # Values can be secrets: only whether they are equal is stored.
        "environment_variables": {name: _hash(text) for name, text in sorted(job.environment_variables.items())},
    }


def key_of(content: Content) -> str:
    """Identifies a content."""
    return _hash(json.dumps(content, sort_keys=True))


def differences(earlier: Content, present: Content) -> list[str]:
    """What has changed, one line each."""
    return list(_differences(earlier, present))


def _differences(earlier: Content, present: Content) -> Iterator[str]:
    for name in ("command", "code", "program", "sweep", "distribution"):
        if earlier.get(name) != present.get(name):
            yield f"{name} changed"
    if earlier["image"] != present["image"]:
        yield "environment changed"
    for group, one in (("inputs", "input"), ("outputs", "output"), ("environment_variables", "environment variable")):
        before, after = earlier[group], present[group]
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                yield _change(f"{one} '{name}'", before.get(name), after.get(name))


def _change(what: str, before: object, after: object) -> str:
    match before, after:
        case None, _:
            return f"{what} is new"
        case _, None:
            return f"{what} is gone"
        case {"value": earlier}, {"value": present}:
            return f"{what}: '{earlier}' -> '{present}'"
        case {"data": _}, {"data": _}:
            return f"content of {what} changed"
    return f"{what} changed"


def _input(one: JobInput, digest: str) -> Mapping[str, str]:
    if one.location is None:
        return {"value": one.value} if one.type else {}
    return {"data": digest}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
