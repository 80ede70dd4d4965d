"""Makes the document of a job of an earlier one: what that one stored is used again, not what is on the disk now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.jobs.job_records import JobRecord
from mlw.jobs.submission import SNAPSHOT

_NESTED = ("component", "trial", "task")
_DATA = ("training_data", "validation_data", "test_data")

UriOf = Callable[[str, str], str]
"""URI of a blob, from its container and its name."""


def document_of(record: JobRecord, uri_of: UriOf, doing: str) -> dict[str, Any]:
    """The document of a job, with hashes and URIs in the place of local paths.

    Args:
        record: The earlier job.
        uri_of: Makes URIs of data that it uploaded.
        doing: For messages.

    Raises:
        ScheduleError: It cannot be said which of the stored files belongs to a path.
    """
    made = _Earlier(record, uri_of, doing).complete(record.document, "")
    return {key: value for key, value in made.items() if key != "name"}


class _Earlier:
    def __init__(self, record: JobRecord, uri_of: UriOf, doing: str) -> None:
        self._record, self._uri_of, self._doing = record, uri_of, doing
        self._steps = {str(one["name"]): one.get("job") or {} for one in record.command.get("steps") or ()}

    def complete(self, document: Mapping[str, Any], step: str) -> dict[str, Any]:
        """A job, step or component."""
        found = dict(document)
        if _is_local(found.get("code")):
            found["code"] = self._code(str(found["code"]), step)
        found |= {key: self.complete(found[key], step) for key in _NESTED if isinstance(found.get(key), dict)}
        found |= {key: self._input(found[key]) for key in _DATA if key in found}
        if isinstance(found.get("inputs"), dict):
            found["inputs"] = {name: self._input(one) for name, one in found["inputs"].items()}
        if isinstance(found.get("jobs"), dict):
            inner = {name: f"{step}.{name}" if step else str(name) for name in found["jobs"]}
            found["jobs"] = {name: self.complete(one, inner[name]) for name, one in found["jobs"].items()}
        return found

    def _code(self, path: str, step: str) -> str:
        command = self._steps.get(step, self._record.command)
        stored = {str(one["code"]) for one in _mappings(command) if SNAPSHOT.fullmatch(str(one.get("code") or ""))}
        return self._only(stored, path)

    def _input(self, value: object) -> object:
        if not isinstance(value, dict) or not _is_local(value.get("path")):
            return value
        name = Path(value["path"]).name
        places = {
            (str(one["container"]), str(one["name"]))
            for one in _mappings(self._record.command)
            if "container" in one and str(one.get("name")).rpartition("/")[2] == name
        }
        return {**value, "path": self._only({self._uri_of(*place) for place in places}, value["path"])}

    def _only(self, found: set[str], path: str) -> str:
        if len(found) == 1:
            return found.pop()
        raise ScheduleError(
            f"{self._doing}: job '{self._record.name}' used '{path}', and its record does not say what was stored "
            "for it. Set create_job to the file of the job."
        )


def _is_local(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/")


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _mappings(one)
