"""Models and versions as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from mlw.output import table
from mlw.tracking.registered_models import ModelVersion, RegisteredModel
from mlw.tracking.tracking_text import cell, moment


def models(found: Sequence[RegisteredModel]) -> str:
    """One line for each model."""
    headings = ("NAME", "LATEST VERSION", "TYPE", "LAST CHANGED (UTC)", "STATE", "DESCRIPTION")
    return table(
        headings,
        [
            (
                cell(one.name), cell(one.latest and one.latest.version), cell(one.latest and one.latest.type),
                moment(one.updated), _state(is_archived=one.is_archived), cell(one.description),
            )
            for one in found
        ],
    )  # fmt: skip


def versions(found: Sequence[ModelVersion]) -> str:
    """One line for each version."""
    headings = ("NAME", "VERSION", "TYPE", "CREATED (UTC)", "STATE", "RUN", "DESCRIPTION")
    return table(
        headings,
        [
            (
                cell(one.name), one.version, one.type, moment(one.created), _state(is_archived=one.is_archived),
                cell(one.run_id), cell(one.description),
            )
            for one in found
        ],
        whole=(5,),
    )  # fmt: skip


def _state(*, is_archived: bool) -> str:
    return "archived" if is_archived else "active"
