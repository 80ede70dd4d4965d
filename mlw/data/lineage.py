"""Which jobs used a data asset, and which one made it; and from a run to its data.

An entry is a document of its own next to the records of data, so that jobs that use the same asset at the same time
never wait for each other. A run has the references of its data as tags.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from infra.clients.storage.conditional_documents import ConditionalDocuments
from mlw.assets.asset_blobs import ROOT
from mlw.assets.asset_records import now
from mlw.assets.asset_references import AssetKind, AssetReference
from mlw.data.data_workspace import DataWorkspace

FOLDER = f"{ROOT}/{AssetKind.DATA}/.lineage"
"""No asset can have a name that begins with a dot."""


class Direction(StrEnum):
    """What a job did with data."""

    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """One use of a version.

    Attributes:
        job: Name of the job.
        run: Id of its MLflow run; empty without tracking.
        direction: Whether the job read or made it.
        name: Name of the input or output.
        time: When, in UTC.
    """

    job: str
    direction: str
    name: str
    run: str = ""
    time: str = ""


def record(workspace: DataWorkspace, reference: str, use: Use) -> None:
    """Note that a job used or made a version; noting it again changes nothing.

    Args:
        workspace: The workspace.
        reference: Of the version, e.g. `azureml:iris:3`.
        use: What the job did.
    """
    documents, container = _documents(workspace)
    entry = {**asdict(use), "time": use.time or now()}
    blob = f"{_folder(reference)}/{use.direction}-{use.job}-{use.name}.json"
    with workspace.using(f"recording that job '{use.job}' uses '{reference}'"):
        documents.create(container, blob, json.dumps(entry).encode())


def uses_of(workspace: DataWorkspace, reference: str) -> list[Use]:
    """The uses of a version, the oldest first."""
    documents, container = _documents(workspace)
    with workspace.using(f"looking for jobs that use '{reference}'"):
        names = list(documents.names(container, f"{_folder(reference)}/"))
        found = [read for name in names if (read := documents.read(container, name))]
    return sorted((Use(**json.loads(one.content)) for one in found), key=lambda use: (use.time, use.job, use.name))


def tags(inputs: Mapping[str, str], outputs: Mapping[str, str]) -> dict[str, str]:
    """Tags of a run: the reference or the URI of each input and output.

    Args:
        inputs: Name of the input to `azureml:NAME:VERSION` or a URI.
        outputs: Likewise.
    """
    given = ((Direction.INPUT, inputs), (Direction.OUTPUT, outputs))
    return {f"azureml.{direction}.{name}": value for direction, found in given for name, value in found.items()}


def _folder(reference: str) -> str:
    found = AssetReference.parse(reference, AssetKind.DATA)
    return f"{FOLDER}/{found.name}/{found.version}"


def _documents(workspace: DataWorkspace) -> tuple[ConditionalDocuments, str]:
    return ConditionalDocuments(workspace.connection), workspace.artifact_container
