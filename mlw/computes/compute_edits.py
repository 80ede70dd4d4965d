"""The section `computes` of a stack file as text: computes added, changed and removed, comments kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.rules.computes.attached_rules import ATTACHED
from infra.rules.computes.compute_rules import LOCAL, NAME
from infra.rules.computes.instance_rules import INSTANCE
from infra.rules.resources import tracking
from infra.stack_files.stack_file import StackFileError, full_key
from infra.stack_files.stack_file_edit import values
from infra.stack_files.stack_file_lists import append_entry, list_of, remove_entry
from infra.stack_files.stack_file_values import remove_value, set_value
from infra.stack_files.yaml_document import DocumentError
from mlw.computes.workspace_computes import NoSuchComputeError, no_such_compute

_ALLOWED = "allowReplacement"


def with_compute(text: str, entry: Mapping[str, Any]) -> str:
    """Add a compute, or replace the one with its name; the first one also adds the tracking server that jobs need.

    Raises:
        StackFileError: The text cannot be edited.
    """
    try:
        position = _position(text, str(entry.get("name", "")))
        if position is None:
            added = append_entry(text, NAME, dict(entry))
            return added if _has_tracking(text) else set_value(added, [tracking.NAME], {})
        for key in _entry(text, position).keys() - entry.keys():
            text = remove_value(text, [NAME, position, key])
        return _changed(text, position, entry)
    except DocumentError as exc:
        raise _not_editable(exc) from exc


def with_changes(text: str, stack: str, name: str, changes: Mapping[str, Any]) -> str:
    """Change keys of a compute.

    Raises:
        NoSuchComputeError: There is no such compute.
        StackFileError: The text cannot be edited.
    """
    try:
        return _changed(text, _found(text, stack, name), changes)
    except DocumentError as exc:
        raise _not_editable(exc) from exc


def without_compute(text: str, stack: str, name: str) -> str:
    """Remove a compute.

    Raises:
        NoSuchComputeError: There is no such compute.
        StackFileError: The text cannot be edited.
    """
    try:
        return remove_entry(text, NAME, _found(text, stack, name))
    except DocumentError as exc:
        raise _not_editable(exc) from exc


def is_instance(text: str, stack: str, name: str) -> bool:
    """Whether a compute is an instance.

    Raises:
        NoSuchComputeError: There is no such compute.
    """
    return bool(_entry(text, _found(text, stack, name)).get("type") == INSTANCE)


def is_attached(text: str, stack: str, name: str) -> bool:
    """Whether a compute is an attached engine.

    Raises:
        NoSuchComputeError: There is no such compute.
    """
    return bool(_entry(text, _found(text, stack, name)).get("type") == ATTACHED)


def with_allowance(text: str, name: str) -> str:
    """Allow that the files of an instance are deleted with it.

    Raises:
        StackFileError: The text cannot be edited.
    """
    try:
        return append_entry(text, _ALLOWED, name)
    except DocumentError as exc:
        raise _not_editable(exc) from exc


def without_allowance(text: str, name: str) -> str:
    """Undo :func:`with_allowance`; a name that is not there is ignored."""
    try:
        names = [str(one).lower() for one in list_of(text, _ALLOWED)]
        return remove_entry(text, _ALLOWED, names.index(name.lower())) if name.lower() in names else text
    except DocumentError as exc:
        raise _not_editable(exc) from exc


def _changed(text: str, position: int, changes: Mapping[str, Any]) -> str:
    for key, value in changes.items():
        if _entry(text, position).get(key) != value:
            text = set_value(text, [NAME, position, key], value)
    return text


def _found(text: str, stack: str, name: str) -> int:
    position = _position(text, name)
    if position is None and name.lower() == LOCAL:
        raise NoSuchComputeError(
            f"changing compute '{LOCAL}': every workspace with computes has it, and it has no settings. It goes with "
            "the last of the other computes."
        )
    if position is None:
        raise no_such_compute(stack, name, [str(entry.get("name", "")) for entry in _entries(text)])
    return position


def _position(text: str, name: str) -> int | None:
    names = [str(entry.get("name", "")).lower() for entry in _entries(text)]
    return names.index(name.lower()) if name.lower() in names else None


def _entries(text: str) -> list[dict[str, Any]]:
    return [entry if isinstance(entry, dict) else {} for entry in list_of(text, NAME)]


def _entry(text: str, position: int) -> dict[str, Any]:
    return _entries(text)[position]


def _has_tracking(text: str) -> bool:
    config = values(text).get("config")
    return isinstance(config, dict) and any(full_key(key) == tracking.KEY for key in config)


def _not_editable(exc: DocumentError) -> StackFileError:
    return StackFileError(f"changing 'ml-workspace:{NAME}' in the stack file: {exc}. Edit the file yourself.")
