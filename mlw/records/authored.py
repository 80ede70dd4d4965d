"""Who made and changed a record, and when: kept with it, and printed as Azure does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlw.output import table
from mlw.tracking.tracking_text import cell


@dataclass(frozen=True, kw_only=True, slots=True)
class Authored:
    """What endpoints and deployments have in common.

    Attributes:
        created: ISO 8601.
        changed: ISO 8601; empty if it was never changed.
    """

    created: str = ""
    created_by: str = ""
    changed: str = ""
    changed_by: str = ""

    @property
    def creation_context(self) -> dict[str, str]:
        """The mapping of this name in Azure's documents."""
        return {
            "created_at": self.created,
            "created_by": self.created_by,
            "last_modified_at": self.changed or self.created,
            "last_modified_by": self.changed_by or self.created_by,
        }


def now() -> str:
    """The time, as records have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def texts(given: object) -> dict[str, str]:
    """A mapping of texts, e.g. tags, of a file."""
    return {str(name): str(value) for name, value in given.items()} if isinstance(given, Mapping) else {}


def text(document: Mapping[str, Any]) -> str:
    """The document of one endpoint or deployment for people."""
    rows = [(key, cell(str(value))) for key, value in document.items() if isinstance(value, str | int) and value != ""]
    for key, value in document.items():
        if isinstance(value, Mapping) and key != "environment":
            rows += [(f"{key}.{name}", cell(str(one))) for name, one in value.items()]
    return table(("KEY", "VALUE"), rows)
