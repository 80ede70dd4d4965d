"""Models of a workspace and their versions: list, find, archive, restore, delete.

MLflow has names, numbered versions and tags. What Azure has in addition (type, properties, archived) are tags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from infra.host.near_names import suggestion
from mlw.tracking import artifacts, logged_models
from mlw.tracking.tracking_client import TrackingClient, TrackingNotFoundError
from mlw.tracking.tracking_records import iso, moment_of, pairs_of

TYPE_TAG, ARCHIVED_TAG, PROPERTY = "azureml.modelType", "azureml.isArchived", "azureml.property."
FOLDER_TAG = "azureml.modelFolder"
"""Name of the folder that was registered, which the stored files do not have; deployments have them below it."""

_MANY = 1000
_MODEL = "models:/"


class ModelType(StrEnum):
    """Azure's types of models."""

    CUSTOM = "custom_model"
    MLFLOW = "mlflow_model"
    TRITON = "triton_model"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelVersion:
    """One version of a model; immutable except for description, tags and being archived."""

    name: str
    version: str
    source: str
    run_id: str = ""
    description: str = ""
    created: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ModelVersion:
        """Read MLflow's document."""
        return cls(
            name=str(document["name"]),
            version=str(document["version"]),
            source=str(document.get("source") or ""),
            run_id=str(document.get("run_id") or ""),
            description=str(document.get("description") or ""),
            created=moment_of(document.get("creation_timestamp")),
            tags=pairs_of(document.get("tags")),
        )

    @property
    def type(self) -> str:
        """Azure's type; what MLflow's own clients register is a model of MLflow."""
        return self.tags.get(TYPE_TAG, ModelType.MLFLOW)

    @property
    def is_archived(self) -> bool:
        """Whether lists omit it."""
        return ARCHIVED_TAG in self.tags

    def as_json(self) -> dict[str, Any]:
        """One version, in Azure's names."""
        ours = (TYPE_TAG, ARCHIVED_TAG, FOLDER_TAG)
        properties = {key: value for key, value in self.tags.items() if key.startswith(PROPERTY)}
        return {
            "name": self.name,
            "version": self.version,
            "type": self.type,
            "description": self.description or None,
            "path": self.source,
            "jobName": self.run_id or None,
            "createdTime": iso(self.created),
            "isArchived": self.is_archived,
            "tags": {key: value for key, value in self.tags.items() if key not in ours and key not in properties},
            "properties": {key.removeprefix(PROPERTY): value for key, value in properties.items()},
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredModel:
    """A model: its name, and what all its versions have in common."""

    name: str
    description: str = ""
    created: datetime | None = None
    updated: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    latest: ModelVersion | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> RegisteredModel:
        """Read MLflow's document."""
        versions = [ModelVersion.of(one) for one in document.get("latest_versions") or ()]
        return cls(
            name=str(document["name"]),
            description=str(document.get("description") or ""),
            created=moment_of(document.get("creation_timestamp")),
            updated=moment_of(document.get("last_updated_timestamp")),
            tags=pairs_of(document.get("tags")),
            latest=max(versions, key=_order, default=None),
        )

    @property
    def is_archived(self) -> bool:
        """Whether lists omit it."""
        return ARCHIVED_TAG in self.tags

    def as_json(self) -> dict[str, Any]:
        """One model, in Azure's names."""
        return {
            "name": self.name,
            "latestVersion": self.latest.version if self.latest else None,
            "type": self.latest.type if self.latest else None,
            "description": self.description or None,
            "createdTime": iso(self.created),
            "lastUpdatedTime": iso(self.updated),
            "isArchived": self.is_archived,
            "tags": {key: value for key, value in self.tags.items() if key != ARCHIVED_TAG},
        }


def search(client: TrackingClient, *, text: str = "", limit: int = _MANY) -> list[RegisteredModel]:
    """List models by name."""
    found = _pages(client, "registered-models/search", "listing models", "registered_models", limit, filter=text)
    return [RegisteredModel.of(one) for one in found]


def versions(client: TrackingClient, name: str, *, limit: int = _MANY) -> list[ModelVersion]:
    """List the versions of a model, the newest first.

    Raises:
        TrackingNotFoundError: There is no such model.
    """
    find(client, name)
    quoted = f"'{name}'" if "'" not in name else f'"{name}"'
    found = _pages(
        client, "model-versions/search", f"listing the versions of model '{name}'", "model_versions", limit,
        filter=f"name = {quoted}", order_by="version_number DESC",
    )  # fmt: skip
    return sorted((ModelVersion.of(one) for one in found), key=_order, reverse=True)


def _pages(
    client: TrackingClient, path: str, doing: str, key: str, limit: int, **parameters: str
) -> list[dict[str, Any]]:
    """Read the pages of a search until there are `limit` entries."""
    found: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while len(found) < limit:
        page = client.get(path, doing, max_results=min(_MANY, limit - len(found)), **parameters, **more)
        found += page.get(key) or []
        if not page.get("next_page_token"):
            break
        more = {"page_token": str(page["next_page_token"])}
    return found[:limit]


def find(client: TrackingClient, name: str) -> RegisteredModel:
    """Find a model.

    Raises:
        TrackingNotFoundError: There is none.
    """
    try:
        found = client.get("registered-models/get", f"looking for model '{name}'", name=name)
    except TrackingNotFoundError:
        near = suggestion(name, [one.name for one in search(client)])
        raise TrackingNotFoundError(
            f"looking for model '{name}': no such model.{near} `mlw model list` shows all."
        ) from None
    return RegisteredModel.of(found["registered_model"])


def find_version(client: TrackingClient, name: str, version: str) -> ModelVersion:
    """Find a version of a model; the newest that is not archived for an empty one.

    Raises:
        TrackingNotFoundError: There is none.
    """
    known = versions(client, name)
    usable = [one for one in known if one.version == version or (not version and not one.is_archived)]
    if usable:
        return usable[0]
    shown = ", ".join(one.version for one in known) or "none"
    wanted = f"no version '{version}'" if version else "no version that is not archived"
    raise TrackingNotFoundError(f"looking for model '{name}': {wanted}. Versions: {shown}.")


def location_of(client: TrackingClient, version: ModelVersion) -> str:
    """Where the files of a version are in the artifact store."""
    source = version.source
    if source.startswith(_MODEL):
        source = logged_models.get(client, source.removeprefix(_MODEL)).location
    return artifacts.root_of(source)


def set_archived(client: TrackingClient, name: str, version: str, *, archived: bool) -> None:
    """Archive or restore a version, or the whole model for an empty one."""
    group = "model-versions" if version else "registered-models"
    body = {"name": name, "key": ARCHIVED_TAG, **({"version": version} if version else {})}
    doing = f"{'archiving' if archived else 'restoring'} model '{name}'"
    if archived:
        client.send(f"{group}/set-tag", doing, {**body, "value": "true"})
    else:
        client.send(f"{group}/delete-tag", doing, body, method="DELETE")


def delete(client: TrackingClient, name: str, version: str) -> None:
    """Delete a version, or the model with all versions for an empty one; nothing restores them."""
    if version:
        doing = f"deleting version '{version}' of model '{name}'"
        client.send("model-versions/delete", doing, {"name": name, "version": version}, method="DELETE")
    else:
        client.send("registered-models/delete", f"deleting model '{name}'", {"name": name}, method="DELETE")


def without_archived(found: Sequence[ModelVersion]) -> list[ModelVersion]:
    """Versions that are not archived."""
    return [one for one in found if not one.is_archived]


def _order(version: ModelVersion) -> int:
    return int(version.version) if version.version.isdecimal() else 0
