"""Datastores of the workspace as folders and files: paths, and what is done with objects of the storage account.

Everything is done with the keys of the instance's user, so the storage account decides what is allowed.
"""

from __future__ import annotations

import io
import mimetypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from tornado.web import HTTPError

if TYPE_CHECKING:
    from minio import Minio

    from .user_access import Access

FOLDER, USERS = "datastores", "Users"
"""Folders of the root: all datastores, and the notebooks' file store with a folder for each user, as in Azure."""

FILE_STORE = "workspaceworkingdirectory"
"""The datastore that Azure keeps notebooks in."""

MOST_ENTRIES = 5000
"""Of a folder: a browser shows no more."""

_STATUS = {"NoSuchKey": 404, "NoSuchBucket": 404, "AccessDenied": 403, "QuotaExceeded": 507}
_REGION = "AWS_REGION"


@dataclass(frozen=True, slots=True)
class Place:
    """A file or a folder in a datastore.

    Attributes:
        path: Its path in JupyterLab.
        bucket: The datastore's container; empty for the list of datastores.
        key: Key of the object; empty for the datastore itself.
        is_fixed: Whether it is there, whatever the datastore contains, and cannot be renamed or deleted.
    """

    path: str
    bucket: str
    key: str
    is_fixed: bool

    @property
    def prefix(self) -> str:
        """What keys of objects in this folder begin with."""
        return f"{self.key}/" if self.key else ""

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is in a folder."""

    name: str
    is_folder: bool
    size: int = 0
    modified: Any = None
    etag: str = ""


@dataclass(kw_only=True)
class Datastores:
    """The datastores that the user reaches.

    Attributes:
        access: Their names and containers, and the user.
        home: Home folder; what has the name of one of the folders there is not hidden by it.
    """

    access: Access
    home: Path
    _client: Any = field(default=None, repr=False)
    _made_with: tuple[str, ...] = field(default=(), repr=False)

    def roots(self) -> list[str]:
        """The folders in the root."""
        wanted = [FOLDER] * bool(self.access.datastores) + [USERS] * (FILE_STORE in self.access.datastores)
        return [name for name in wanted if not os.path.lexists(self.home / name)]

    def place(self, path: str) -> Place | None:
        """What a path stands for; None for the home folder and what is in it.

        Raises:
            HTTPError: There is no such datastore.
        """
        path = path.strip("/")
        first, _, rest = path.partition("/")
        if first not in self.roots():
            return None
        known = self.access.datastores
        if first == USERS:
            return Place(path, known[FILE_STORE], path, is_fixed=rest in {"", self.access.user})
        name, _, key = rest.partition("/")
        if name and name not in known:
            raise HTTPError(404, f"datastore '{name}' does not exist; there are: {', '.join(sorted(known))}")
        return Place(path, known.get(name, ""), key, is_fixed=not key)

    def is_folder(self, place: Place) -> bool:
        """Whether a folder is there."""
        return place.is_fixed or bool(self._found(place, most=1))

    def entry(self, place: Place) -> Entry | None:
        """A file; None if there is none."""
        if place.is_fixed:
            return None
        try:
            with _reporting(place):
                found = self.client.stat_object(place.bucket, place.key)
        except HTTPError as exc:
            if exc.status_code == HTTPStatus.NOT_FOUND:
                return None
            raise
        return _file(place.name, found)

    def entries(self, place: Place) -> list[Entry]:
        """What a folder contains; a folder of a user is there before its first file."""
        if not place.bucket:
            return [Entry(name, is_folder=True) for name in sorted(self.access.datastores)]
        found = self._found(place, most=MOST_ENTRIES)
        own = self.access.user
        if place.path == USERS and own not in {one.name for one in found}:
            found.append(Entry(own, is_folder=True))
        return [one for one in found if one.name]

    def read(self, place: Place) -> bytes:
        """The content of a file."""
        return b"".join(self.pieces(place))

    def pieces(self, place: Place) -> Iterator[bytes]:
        """The content of a file, piece by piece."""
        with _reporting(place):
            response = self.client.get_object(place.bucket, place.key)
            try:
                yield from response.stream(1 << 20)
            finally:
                response.close()
                response.release_conn()

    def write(self, place: Place, content: bytes) -> None:
        """Write a file."""
        self.write_stream(place, io.BytesIO(content), len(content))

    def write_stream(self, place: Place, content: BinaryIO, size: int) -> None:
        """Write a file of any size."""
        if place.is_fixed:
            raise HTTPError(403, f"'{place.path}' is a folder of the workspace, not a file")
        kind = mimetypes.guess_type(place.name)[0] or "application/octet-stream"
        with _reporting(place):
            self.client.put_object(place.bucket, place.key, content, size, content_type=kind)

    def make_folder(self, place: Place) -> None:
        """Make an empty folder: an object that stands for it."""
        if not place.key:
            raise HTTPError(403, f"'{place.path}': datastores are made by the stack file")
        with _reporting(place):
            self.client.put_object(place.bucket, place.prefix, io.BytesIO(b""), 0)

    def delete(self, place: Place) -> None:
        """Delete a file or an empty folder.

        Raises:
            HTTPError: The folder is not empty: what is in it would be lost.
        """
        self._refuse_fixed(place, "deleted")
        key = place.key
        if self.entry(place) is None:
            if [one for one in self._found(place, most=2) if one.name]:
                raise HTTPError(400, f"folder '{place.path}' is not empty. Delete what is in it first")
            key = place.prefix
        with _reporting(place):
            self.client.remove_object(place.bucket, key)

    def rename(self, place: Place, to: Place) -> None:
        """Rename a file or a folder: copy all of it, then delete it."""
        self._refuse_fixed(place, "renamed")
        self._refuse_fixed(to, "replaced")
        if self.entry(to) is not None or self._found(to, most=1):
            raise HTTPError(409, f"'{to.path}' exists")
        keys = {place.key: to.key} if self.entry(place) is not None else self._keys_below(place, to)
        from minio.commonconfig import CopySource  # noqa: PLC0415 - only if a file is renamed

        for old, new in keys.items():
            with _reporting(to):
                self.client.copy_object(to.bucket, new, CopySource(place.bucket, old))
        for old in keys:
            with _reporting(place):
                self.client.remove_object(place.bucket, old)

    @property
    def client(self) -> Minio:
        """A client with the keys of the moment."""
        names = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", _REGION)
        self.access.refresh()
        made_with = tuple(self.access.environment.get(name, "") for name in names)
        if made_with != self._made_with:
            from minio import Minio  # noqa: PLC0415 - who uses no datastore does not pay for it

            address, key, secret, region = made_with
            url = urlsplit(address)
            self._client = Minio(
                url.netloc, access_key=key, secret_key=secret, region=region, secure=url.scheme == "https"
            )
            self._made_with = made_with
        client: Minio = self._client
        return client

    def _found(self, place: Place, *, most: int) -> list[Entry]:
        found: list[Entry] = []
        with _reporting(place):
            for one in self.client.list_objects(place.bucket, prefix=place.prefix):
                name = str(one.object_name).removeprefix(place.prefix).rstrip("/")
                found.append(Entry(name, is_folder=True) if one.is_dir and name else _file(name, one))
                if len(found) >= most:
                    break
        return found

    def _keys_below(self, place: Place, to: Place) -> dict[str, str]:
        with _reporting(place):
            listed = self.client.list_objects(place.bucket, prefix=place.prefix, recursive=True)
            keys = [str(one.object_name) for one in listed]
        if not keys:
            raise HTTPError(404, f"'{place.path}' does not exist")
        return {key: to.prefix + key.removeprefix(place.prefix) for key in keys}

    def _refuse_fixed(self, place: Place, done: str) -> None:
        if place.is_fixed:
            raise HTTPError(403, f"'{place.path}' belongs to the workspace and cannot be {done} here")


def _file(name: str, found: Any) -> Entry:  # noqa: ANN401 - the client's
    return Entry(name, is_folder=False, size=found.size or 0, modified=found.last_modified, etag=found.etag or "")


@contextmanager
def _reporting(place: Place) -> Iterator[None]:
    """Turn errors of the storage account into responses that say what is wrong."""
    from minio.error import MinioException, S3Error  # noqa: PLC0415 - as above
    from urllib3.exceptions import HTTPError as TransportError  # noqa: PLC0415 - likewise

    try:
        yield
    except S3Error as exc:
        reason = "your roles do not allow it" if exc.code == "AccessDenied" else exc.message
        raise HTTPError(_STATUS.get(str(exc.code), 502), f"'{place.path}': {reason} ({exc.code})") from exc
    except (MinioException, TransportError, OSError) as exc:
        raise HTTPError(503, f"'{place.path}': the storage account cannot be reached: {exc}") from exc
