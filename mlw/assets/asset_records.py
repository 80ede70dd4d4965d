"""The record of a version of an asset, and its form in the artifact store.

The content of a version is what its `document` says, except description and tags: they can be changed, everything else
is fixed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from mlw.assets.asset_references import SCHEME, AssetKind

CHANGEABLE = ("description", "tags")
"""Keys of a document that `update` may change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AssetRecord:
    """One version of an asset.

    Attributes:
        kind: What it is.
        name: Its name.
        version: Its version.
        document: The words of Azure's YAML schema.
        created_on: When it was created, in UTC, as in ISO 8601.
        created_by: Principal or user.
        is_archived: Whether lists omit it.
        deleted_on: When it was deleted; empty if it is not.
    """

    kind: AssetKind
    name: str
    version: str
    document: Mapping[str, Any] = field(default_factory=dict)
    created_on: str = ""
    created_by: str = ""
    is_archived: bool = False
    deleted_on: str = ""

    @property
    def digest(self) -> str:
        """Hash of the content."""
        return content_digest(self.document)

    @property
    def reference(self) -> str:
        """As in Azure's YAML: `azureml:NAME:VERSION`."""
        return f"{SCHEME}{self.name}:{self.version}"

    def changed(self, changes: Mapping[str, Any]) -> AssetRecord:
        """The record with another description or other tags."""
        return replace(self, document={**self.document, **changes})

    def as_json(self) -> dict[str, Any]:
        """For people and programs: the document, and what the workspace knows about it."""
        facts = {"createdOn": self.created_on, "createdBy": self.created_by, "isArchived": self.is_archived}
        deleted = {"deletedOn": self.deleted_on} if self.deleted_on else {}
        return {"name": self.name, "version": self.version, **self.document, **facts, **deleted}

    def encode(self) -> bytes:
        """The stored form."""
        stored = {
            "kind": str(self.kind),
            "name": self.name,
            "version": self.version,
            "createdOn": self.created_on,
            "createdBy": self.created_by,
            "isArchived": self.is_archived,
            **({"deletedOn": self.deleted_on} if self.deleted_on else {}),
            "document": dict(self.document),
        }
        return json.dumps(stored, ensure_ascii=False, indent=1).encode()

    @classmethod
    def decode(cls, content: bytes) -> AssetRecord:
        """Read the stored form.

        Raises:
            ValueError: It is not a record.
        """
        found = json.loads(content)
        try:
            return cls(
                kind=AssetKind(found["kind"]),
                name=str(found["name"]),
                version=str(found["version"]),
                document=dict(found["document"]),
                created_on=str(found.get("createdOn", "")),
                created_by=str(found.get("createdBy", "")),
                is_archived=bool(found.get("isArchived", False)),
                deleted_on=str(found.get("deletedOn", "")),
            )
        except (KeyError, TypeError) as exc:
            raise ValueError(f"key {exc} is missing or wrong") from exc


def content_digest(document: Mapping[str, Any]) -> str:
    """Hash of what cannot be changed in a document."""
    content = {key: value for key, value in document.items() if key not in CHANGEABLE}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def now() -> str:
    """The time of a record."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
