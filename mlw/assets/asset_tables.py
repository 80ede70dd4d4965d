"""Assets as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from mlw.assets.asset_records import AssetRecord
from mlw.output import table
from mlw.tracking.tracking_text import cell

_SECONDS = 19


def asset_table(found: Sequence[AssetRecord]) -> str:
    """One line for each version."""
    headings = ("NAME", "VERSION", "TYPE", "CREATED (UTC)", "CREATED BY", "STATE", "DESCRIPTION")
    return table(
        headings,
        [
            (
                cell(one.name), one.version, cell(str(one.document.get("type", ""))), _moment(one.created_on),
                cell(one.created_by), _state(one), cell(str(one.document.get("description", ""))),
            )
            for one in found
        ],
    )  # fmt: skip


def _moment(time: str) -> str:
    return time[:_SECONDS].replace("T", " ")


def _state(record: AssetRecord) -> str:
    if record.deleted_on:
        return "deleted"
    return "archived" if record.is_archived else "active"
