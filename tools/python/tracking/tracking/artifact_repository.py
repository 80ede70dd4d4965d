"""The artifact store as MLflow's own handlers use it: for lists, and for the small files that they read and write.

The only repository that the server has. MLflow would also read from disk, over HTTP and from other clouds, wherever a
stored location points to.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.store.artifact import artifact_repository_registry
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from .artifact_store import ArtifactStore, end
from .http_messages import MEBIBYTE, RequestError


class WorkspaceArtifacts(ArtifactRepository):  # type: ignore[misc]  # MLflow is not among the tools of this check
    """Locations below the destination."""

    store: ClassVar[ArtifactStore]
    destination: ClassVar[str]
    """Where the store keeps artifacts, like `s3://BUCKET/PREFIX`."""

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Store one file."""
        source = Path(local_file)
        with source.open("rb") as content, _explained():
            path = self._below(posixpath.join(artifact_path or "", source.name))
            self.store.upload(path, content, source.stat().st_size)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Store the files of a folder."""
        for file in (path for path in Path(local_dir).rglob("*") if path.is_file()):
            folder = file.parent.relative_to(local_dir).as_posix()
            self.log_artifact(str(file), posixpath.normpath(posixpath.join(artifact_path or "", folder)))

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """What is directly in a folder; of a file nothing."""
        with _explained():
            root = self._below(None)
            found = self.store.entries(self._below(path))
        return [FileInfo(posixpath.relpath(e.path, root or "."), e.size is None, e.size) for e in found]

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Remove a file or a folder."""
        with _explained():
            self.store.remove(self._below(artifact_path))

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        with _explained():
            download = self.store.download(self._below(remote_file_path))
        try:
            with Path(local_path).open("wb") as target:
                while chunk := download.read(MEBIBYTE):
                    target.write(chunk)
        finally:
            end(download)

    def _below(self, path: str | None) -> str:
        """The path in the store."""
        location = self.artifact_uri.rstrip("/")
        if not f"{location}/".startswith(f"{self.destination}/"):
            message = f"the location '{location}' is not on this server"
            raise RequestError(HTTPStatus.BAD_REQUEST, "INVALID_PARAMETER_VALUE", message)
        return posixpath.join(location.removeprefix(self.destination).strip("/"), path or "").strip("/")


def register(store: ArtifactStore, destination: str) -> None:
    """Make the store the only repository."""
    WorkspaceArtifacts.store, WorkspaceArtifacts.destination = store, destination
    registered = artifact_repository_registry.get_registered_artifact_repositories()
    registered.clear()
    registered["s3"] = WorkspaceArtifacts


@contextmanager
def _explained() -> Iterator[None]:
    """Raise what MLflow's handlers turn into a response."""
    try:
        yield
    except RequestError as exc:
        raise MlflowException(str(exc), error_code=_code(exc.code)) from exc


def _code(name: str) -> int:
    from mlflow.protos.databricks_pb2 import ErrorCode  # noqa: PLC0415

    return int(ErrorCode.Value(name))
