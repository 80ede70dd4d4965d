"""Creates components: the file with everything that it refers to, so that it runs without the folder it came from.

Code is stored as a snapshot by the hash of its content, local data of a nested pipeline is uploaded. Environments stay
in the record as the file has them, with the content of their conda files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlw.assets.asset_records import AssetRecord
from mlw.assets.asset_references import AssetKind, AssetReference, check_name
from mlw.component_files.component_errors import ComponentError
from mlw.data import uploads
from mlw.data.data_locations import DataType
from mlw.data.data_workspace import DataWorkspace
from mlw.tracking import code_snapshot, stored_snapshots
from mlw.tracking.run_download import counted

_OF_THE_RECORD = frozenset({"$schema", "name", "version"})

Document = dict[str, Any]


def create(
    workspace: DataWorkspace, document: Mapping[str, Any], *, say: Callable[[str], None] = lambda _line: None
) -> AssetRecord:
    """Create a version of a component.

    Args:
        workspace: The workspace.
        document: The file, as :func:`mlw.azure_files.loading.load` gives it.
        say: Gets lines about what is being done.

    Raises:
        ComponentError: It has no name, or refers to files that cannot be stored with it.
        CodeSnapshotError: Its code is too large.
        AssetExistsError: The version exists with other content.
    """
    name, version = str(document.get("name") or ""), document.get("version")
    if not name:
        raise ComponentError("creating a component: 'name' is missing. Set it in the file, or use --name.")
    check_name(name, f"creating component '{name}'")
    stored = _Storing(workspace, f"creating component '{name}'", say).complete(document)
    content = {key: value for key, value in stored.items() if key not in _OF_THE_RECORD}
    given = None if version in (None, "") else str(version)
    return workspace.assets.create(AssetKind.COMPONENT, name, given, content)


class _Storing:
    """Stores what a component refers to."""

    def __init__(self, workspace: DataWorkspace, doing: str, say: Callable[[str], None]) -> None:
        self._workspace, self._doing, self._say = workspace, doing, say

    def complete(self, document: Mapping[str, Any]) -> Document:
        """A component, step or job with hashes and URIs in the place of local paths."""
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
        return found

    def _code(self, path: Path) -> str:
        if not path.is_dir():
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
                "a component. Create the environment with `mlw environment create`, and refer to it as "
                "azureml:NAME:VERSION."
            )

    def _input(self, value: object) -> object:
        if not isinstance(value, dict) or not isinstance(value.get("path"), str):
            return value
        path = Path(value["path"])
        if not path.is_absolute():
            return value
        type_ = str(value.get("type") or DataType.FOLDER)
        return {**value, "path": uploads.upload(self._workspace, path, type_, say=self._say).uri}
