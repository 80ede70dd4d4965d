"""Paths of data in Azure's forms: `azureml://datastores/NAME/paths/PATH` and its relatives."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlw.data.data_errors import DataPathError

SCHEME = "azureml://"
WEB = ("https://", "http://")
_DATASTORE = re.compile(
    r"azureml://(subscriptions/[^/]+/resource[gG]roups/[^/]+/(providers/[^/]+/)?workspaces/[^/]+/)?"
    r"datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)",
    re.DOTALL,
)
_JOB = re.compile(r"azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(/paths/(?P<path>.*))?", re.DOTALL)
_ELSEWHERE = re.compile(r"(wasbs?|abfss?|adl|s3|gs|hdfs|dbfs)://")
_FORMS = "azureml://datastores/NAME/paths/PATH"


@dataclass(frozen=True, slots=True)
class DatastoreUri:
    """A path in a datastore.

    Attributes:
        datastore: Name of the datastore.
        path: With slashes, without one at the ends; empty for all of it.
        is_folder: Whether it ended with a slash.
    """

    datastore: str
    path: str
    is_folder: bool = False

    def __str__(self) -> str:
        """As in Azure's YAML."""
        return f"{SCHEME}datastores/{self.datastore}/paths/{self.path}{'/' if self.is_folder and self.path else ''}"

    @classmethod
    def parse(cls, text: str, doing: str) -> DatastoreUri:
        """Read a URI.

        Raises:
            DataPathError: It is something else, or climbs out of the datastore.
        """
        found = _DATASTORE.fullmatch(text)
        if not found:
            raise DataPathError(f"{doing}: '{text}' is not {_FORMS}.")
        path = found["path"]
        return cls(found["datastore"], checked_path(path, doing), path.endswith("/") or not path)


@dataclass(frozen=True, slots=True)
class JobUri:
    """An output of a job, or a path in it."""

    job: str
    output: str
    path: str = ""

    @classmethod
    def parse(cls, text: str, doing: str) -> JobUri | None:
        """Read `azureml://jobs/JOB/outputs/OUTPUT/paths/PATH`; None for something else."""
        found = _JOB.fullmatch(text)
        return cls(found["job"], found["output"], checked_path(found["path"] or "", doing)) if found else None


def checked_path(path: str, doing: str) -> str:
    """A path without slashes at the ends.

    Raises:
        DataPathError: It leads out of its datastore, or has characters that no storage account accepts.
    """
    steps = path.strip("/").split("/") if path.strip("/") else []
    if any(step in {"", ".", ".."} for step in steps):
        raise DataPathError(
            f"{doing}: path '{path}' has an empty step, '.' or '..', and must not lead out of its datastore. Write it "
            "out."
        )
    if any(ord(character) < ord(" ") for character in path) or "\\" in path:
        raise DataPathError(
            f"{doing}: path {path!r} has control characters or a backslash; steps are separated by '/'."
        )
    return "/".join(steps)


def is_web(path: str) -> bool:
    """Whether a path is a web address."""
    return path.startswith(WEB)


def refuse_elsewhere(path: str, doing: str) -> None:
    """Reject addresses of storage that nothing here can read.

    Raises:
        DataPathError: It is one.
    """
    if path.startswith("azureml://registries/"):
        raise DataPathError(f"{doing}: '{path}': registries are a service of Azure and cannot be reached from here.")
    if match := _ELSEWHERE.match(path):
        raise DataPathError(
            f"{doing}: '{path}': storage of the cloud ({match[1]}://) cannot be reached from here. Copy the data to a "
            f"datastore of this workspace and use {_FORMS}, or register the store as a datastore of type S3."
        )
