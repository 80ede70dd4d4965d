"""Stores what a component or a scheduled job refers to, so that it runs without the folder that its file came from.

Code is stored as a snapshot by the hash of its content, local data is uploaded. Environments stay as the file has them,
with the content of their conda files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlw.assets.asset_references import AssetKind, AssetReference
from mlw.component_files.component_errors import ComponentError
from mlw.data import uploads
from mlw.data.data_locations import DataType
from mlw.data.data_workspace import DataWorkspace
from mlw.tracking import code_snapshot, stored_snapshots
from mlw.tracking.run_download import counted

Document = dict[str, Any]

_NESTED = ("trial", "task")
"""Keys with a document that has code and an environment of its own: of sweep and of parallel jobs."""

_DATA = ("training_data", "validation_data", "test_data")
"""Keys with data, of automated machine learning."""


class FileStoring:
    """Stores files.

    Args:
        workspace: Where to.
        doing: For messages.
        say: Gets lines about what is being done.
        is_file_code: Whether code can be a single file, as that of a job.
    """

    def __init__(
        self, workspace: DataWorkspace, doing: str, say: Callable[[str], None], *, is_file_code: bool = False
    ) -> None:
        self._workspace, self._doing, self._say, self._is_file_code = workspace, doing, say, is_file_code

    def complete(self, document: Mapping[str, Any]) -> Document:
        """A component, step or job with hashes and URIs in the place of local paths.

        Raises:
            ComponentError: It refers to files that cannot be stored with it.
            CodeSnapshotError: Its code is too large.
        """
        found = dict(document)
        if isinstance(found.get("code"), str) and Path(found["code"]).is_absolute():
            found["code"] = self._code(Path(found["code"]))
        component = found.get("component")
        if isinstance(component, dict):
            found["component"] = self.complete(component)
        elif isinstance(component, str):
            self._workspace.assets.resolve(AssetKind.COMPONENT, AssetReference.parse(component, AssetKind.COMPONENT))
        self._check_environment(found.get("environment"))
        if isinstance(found.get("inputs"), dict):
            found["inputs"] = {name: self._input(one) for name, one in found["inputs"].items()}
        if isinstance(found.get("jobs"), dict):
            found["jobs"] = {name: self.complete(one) for name, one in found["jobs"].items()}
        found |= {key: self.complete(found[key]) for key in _NESTED if isinstance(found.get(key), dict)}
        return found | {key: self._input(found[key]) for key in _DATA if key in found}

    def _code(self, path: Path) -> str:
        if not path.is_dir() and not self._is_file_code:
            raise ComponentError(f"{self._doing}: code '{path}' is not a folder. Name the folder that has the file.")
        snapshot = code_snapshot.take(path)
        self._say(f"Code: {counted(len(snapshot.files))} of '{path}'")
        with self._workspace.using(f"storing the code of '{path}'"):
            return stored_snapshots.store(self._workspace.connection, self._workspace.snapshot_container, snapshot)

    def _check_environment(self, environment: object) -> None:
        build = environment.get("build") if isinstance(environment, dict) else None
        if isinstance(build, dict):
            raise ComponentError(
                f"{self._doing}: its environment is built from folder '{build.get('path')}', which is not stored with "
                "it. Create the environment with `mlw environment create`, and refer to it as azureml:NAME:VERSION."
            )

    def _input(self, value: object) -> object:
        if not isinstance(value, dict) or not isinstance(value.get("path"), str):
            return value
        path = Path(value["path"])
        if not path.is_absolute():
            return value
        type_ = str(value.get("type") or DataType.FOLDER)
        return {**value, "path": uploads.upload(self._workspace, path, type_, say=self._say).uri}
