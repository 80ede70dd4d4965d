"""Where data is: a file or a folder in a container of a datastore, or a file on the web."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from infra.clients.storage.blob_data import BlobEntry
from mlw.data.datastore_uris import DatastoreUri


class DataType(StrEnum):
    """What a data asset is, in Azure's words. Not the type of a datastore."""

    FILE = "uri_file"
    FOLDER = "uri_folder"
    TABLE = "mltable"


@dataclass(frozen=True, kw_only=True, slots=True)
class DataLocation:
    """Where data is.

    Attributes:
        type: Azure's type: a :class:`DataType`, or that of a model.
        datastore: Name of the datastore; empty for the web, and for models.
        container: Its container.
        name: Name of the blob, or of the folder without a slash at the end; empty for the whole container.
        is_folder: Whether it is a folder.
        digest: Hash that changes with the content; empty while there is none.
        asset: Reference of the asset that it was found by, e.g. `azureml:iris:3`.
        url: Address on the web.
    """

    type: str
    datastore: str = ""
    container: str = ""
    name: str = ""
    is_folder: bool = False
    digest: str = ""
    asset: str = ""
    url: str = ""

    @property
    def uri(self) -> str:
        """As in Azure's YAML."""
        return self.url or str(DatastoreUri(self.datastore, self.name, self.is_folder))

    @property
    def prefix(self) -> str:
        """What the names of all its blobs begin with."""
        return f"{self.name}/" if self.is_folder and self.name else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFile:
    """One file of a location.

    Attributes:
        name: Below the location; the file's own name if the location is one file.
        blob: Full name of the blob.
        size: Bytes.
        etag: Changes with the content.
    """

    name: str
    blob: str
    size: int
    etag: str


def digest_of(files: Iterable[DataFile | BlobEntry]) -> str:
    """Hash of names, sizes and contents as a listing has them."""
    digest = hashlib.sha256()
    for one in files:
        digest.update(f"{one.name}\0{one.size}\0{one.etag}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def is_folder_type(type_: str) -> bool:
    """Whether data of this type is a folder."""
    return type_ != DataType.FILE
