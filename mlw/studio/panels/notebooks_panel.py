"""Notebooks: the file store of the compute instances, its folders and files. All state is in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.studio import notebook_page, notebook_requests
from mlw.studio.notebook_files import NotebookFiles, open_files
from mlw.studio.notebook_paths import ROOT, crumbs, folder_of, name_of, require_path
from mlw.studio.notebook_rights import rights_of
from mlw.studio.panel import Group, Panel, PanelRequest

PAGE_ROWS = 100
QUESTIONS = frozenset({"rename", "delete"})


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Show the file that the address names, or a folder, perhaps with a question about what is in it."""
    files, path = open_files(request.access), request.text("file")
    if path:
        return {"page": notebook_page.read(files, require_path(path, is_folder=False))}
    folder, after = require_path(request.text("folder", ROOT), is_folder=True), request.text("after")
    found = files.entries(folder, after=after, limit=PAGE_ROWS + 1)
    shown = found[:PAGE_ROWS]
    return {
        "page": None,
        "rights": rights_of(request.access),
        "folder": folder,
        "crumbs": crumbs(folder),
        "entries": [(one, name_of(one.name)) for one in shown],
        "after": after,
        "next": shown[-1].end if len(found) > PAGE_ROWS else "",
        "question": _question(files, request),
        "fixed": {f"{ROOT}{request.access.principal}/"},
    }


def _question(files: NotebookFiles, request: PanelRequest) -> Mapping[str, str]:
    """What is asked before something is renamed or deleted; empty if nothing is.

    It has the revision that was asked about: a file that changes until somebody agrees is kept.
    """
    about, target = request.text("ask"), request.text("target")
    if about not in QUESTIONS:
        return {}
    is_folder = target.endswith("/")
    path = require_path(target, is_folder=is_folder)
    revision = "" if is_folder else files.find(path).etag
    return {"about": about, "path": path, "name": name_of(path), "folder": folder_of(path), "revision": revision}


PANEL = Panel(
    key="notebooks",
    title="Notebooks",
    about="The folder Users of the compute instances. Notebooks are shown, not run, without scripts and styles.",
    group=Group.JOBS,
    icon="file",
    template="notebooks.html",
    load=load,
    submit=notebook_requests.change,
)
