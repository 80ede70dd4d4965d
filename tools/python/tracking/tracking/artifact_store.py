"""Artifacts in the storage account: one prefix of one bucket, read and written as streams.

An object appears when its last byte has been stored. An upload that breaks off leaves nothing, and what was there
before stays.
"""

from __future__ import annotations

import configparser
import mimetypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import urlsplit

from .configuration import Artifacts, ConfigurationError
from .http_messages import MEBIBYTE, RequestError

if TYPE_CHECKING:
    from minio import Minio

PART_SIZE = 8 * MEBIBYTE
"""What an upload keeps in memory, twice; of a file too large for S3's number of them up to `_LARGEST_PART_SIZE`."""

_LARGEST_PART_SIZE = 16 * MEBIBYTE
_MOST_PARTS = 10_000
LARGEST_FILE = _LARGEST_PART_SIZE * _MOST_PARTS
_CONNECT_SECONDS, _READ_SECONDS = 5.0, 60.0
_NOT_FOUND = ("NoSuchKey", "NoSuchBucket")
_FULL = ("XMinioStorageFull", "XMinioAdminBucketQuotaExceeded")


class Reader(Protocol):
    """The content of an upload."""

    def read(self, size: int = -1) -> bytes:
        """Exactly `size` bytes, or fewer at the end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder below a path."""

    path: str
    """Relative to the prefix."""
    size: int | None
    """In bytes; None for a folder."""


class Download(Protocol):
    """An object that is being read."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Of S3's response."""

    def read(self, amt: int) -> bytes:
        """The next bytes."""

    def close(self) -> None:
        """Stop reading."""

    def release_conn(self) -> None:
        """Give the connection back."""


def end(download: Download) -> None:
    """Give the connection of a download back, whether or not it was read to its end."""
    # Closed first, so that the rest of a file is not read.
    download.close()
    download.release_conn()


class ArtifactStore:
    """The objects below the prefix."""

    def __init__(self, artifacts: Artifacts) -> None:
        """Make the client; nothing is connected yet."""
        self._bucket, self._prefix = artifacts.bucket, artifacts.prefix
        self._client = _client(artifacts)

    def upload(self, path: str, content: Reader | BinaryIO, length: int | None) -> None:
        """Store a file; `length` is None if the client did not say it."""
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        with _explained(path):
            self._client.put_object(
                self._bucket,
                self._key(path),
                content,  # type: ignore[arg-type]  # only `read` is used
                -1 if length is None else length,
                content_type=kind,
                part_size=_part_size(path, length),
                num_parallel_uploads=1,
            )

    def download(self, path: str, byte_range: str = "") -> Download:
        """Begin to read a file, or the range of it that an HTTP client asked for."""
        headers = {"Range": byte_range} if byte_range else {}
        with _explained(path):
            return self._client.get_object(self._bucket, self._key(path), request_headers=dict(headers))

    def entries(self, path: str) -> list[Entry]:
        """What is directly below a folder, by name; of a file nothing."""
        folder = f"{self._key(path)}/" if path else f"{self._prefix}/"
        with _explained(path):
            found = [
                Entry(self._path(item.object_name or ""), None if item.is_dir else item.size)
                for item in self._client.list_objects(self._bucket, prefix=folder)
            ]
        return sorted((entry for entry in found if entry.path), key=lambda entry: entry.path)

    def files(self, path: str) -> Iterator[str]:
        """The paths of all files below a folder, and of the file itself."""
        with _explained(path):
            for item in self._client.list_objects(self._bucket, prefix=self._key(path), recursive=True):
                found = self._path(item.object_name or "")
                if found == path or found.startswith(f"{path}/"):
                    yield found

    def remove(self, path: str) -> int:
        """Remove a file, or a folder with all that is in it; return how many files there were."""
        if not path:
            raise ValueError("removing artifacts: no path")
        number = 0
        for number, found in enumerate(list(self.files(path)), start=1):  # noqa: B007 - the count is the result
            with _explained(found):
                self._client.remove_object(self._bucket, self._key(found))
        return number

    def remove_before(self, path: str, moment: datetime) -> bool:
        """Remove what was stored in a folder until a moment; return whether nothing is left in it."""
        if not path:
            raise ValueError("removing artifacts: no path")
        is_empty = True
        with _explained(path):
            for item in list(self._client.list_objects(self._bucket, prefix=f"{self._key(path)}/", recursive=True)):
                if item.last_modified is None or item.last_modified > moment:
                    is_empty = False
                else:
                    self._client.remove_object(self._bucket, str(item.object_name))
        return is_empty

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}"

    def _path(self, key: str) -> str:
        return key.removeprefix(f"{self._prefix}/").rstrip("/")


def _part_size(path: str, length: int | None) -> int:
    if length is not None and length > LARGEST_FILE:
        message = f"the artifact '{path}' has {length} bytes; allowed: {LARGEST_FILE}. Store it in several files."
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "INVALID_PARAMETER_VALUE", message)
    return PART_SIZE if (length or 0) <= PART_SIZE * _MOST_PARTS else _LARGEST_PART_SIZE


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn what the storage account refuses into what the client is answered with."""
    from minio.error import InvalidResponseError, S3Error  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except S3Error as exc:
        if exc.code in _NOT_FOUND:
            message = f"there is no artifact '{path}'"
            raise RequestError(HTTPStatus.NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", message) from exc
        if exc.code == "InvalidRange":
            message = f"the range is not in the artifact '{path}'"
            raise RequestError(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "INVALID_PARAMETER_VALUE", message) from exc
        if exc.code in _FULL:
            message = f"storing the artifact '{path}': the storage account is full"
            raise RequestError(HTTPStatus.INSUFFICIENT_STORAGE, "RESOURCE_EXHAUSTED", message) from exc
        message = f"the storage account refused the artifact '{path}': {exc.code}"
        raise RequestError(HTTPStatus.BAD_GATEWAY, "INTERNAL_ERROR", message) from exc
    except (HTTPError, InvalidResponseError) as exc:
        message = f"the storage account cannot be reached for the artifact '{path}': {type(exc).__name__}"
        raise RequestError(HTTPStatus.SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE", message) from exc


def _client(artifacts: Artifacts) -> Minio:
    from minio import Minio  # noqa: PLC0415 - a third of a second, and not needed to say what is wrong
    from urllib3 import PoolManager, Retry, Timeout  # noqa: PLC0415

    access_key, secret_key = _credentials(artifacts.credentials)
    address = urlsplit(artifacts.endpoint)
    connections = PoolManager(
        timeout=Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
        maxsize=16,
        retries=Retry(
            total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504], respect_retry_after_header=False
        ),
        ca_certs=str(artifacts.certificate_authority) if artifacts.certificate_authority else None,
    )
    return Minio(
        address.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=address.scheme == "https",
        region="us-east-1",  # or the client asks for it first
        http_client=connections,
    )


def _credentials(path: Path) -> tuple[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        return parser["default"]["aws_access_key_id"], parser["default"]["aws_secret_access_key"]
    except OSError as exc:
        raise ConfigurationError(f"reading the credentials of the artifacts '{path}': {exc.strerror}.") from exc
    except (configparser.Error, KeyError) as exc:
        raise ConfigurationError(
            f"reading the credentials of the artifacts '{path}': no section [default] with aws_access_key_id and "
            "aws_secret_access_key."
        ) from exc
