"""Creates components: the file with everything that it refers to, so that it runs without the folder it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlw.assets.asset_records import AssetRecord
from mlw.assets.asset_references import AssetKind, check_name
from mlw.component_files.component_errors import ComponentError
from mlw.component_files.file_storing import FileStoring
from mlw.data.data_workspace import DataWorkspace

_OF_THE_RECORD = frozenset({"$schema", "name", "version"})


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
    stored = FileStoring(workspace, f"creating component '{name}'", say).complete(document)
    content = {key: value for key, value in stored.items() if key not in _OF_THE_RECORD}
    given = None if version in (None, "") else str(version)
    return workspace.assets.create(AssetKind.COMPONENT, name, given, content)
