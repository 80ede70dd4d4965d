"""Registered datastores: their names, types and containers.

Sources: N1 (names), N5 (containers and shares), M11 (the four default datastores, whose names Azure itself takes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from infra.rules.kinds import ResourceKind
from infra.rules.naming import check_name
from infra.rules.violation import Violation, one_of


class DatastoreType(StrEnum):
    """What a datastore stands on. Not the kind of the storage account."""

    AZURE_BLOB = "AzureBlob"
    AZURE_FILE = "AzureFile"


DEFAULT_DATASTORES = (
    "workspaceblobstore",
    "workspaceartifactstore",
    "workspacefilestore",
    "workspaceworkingdirectory",
)

TYPE = "datastore-limit-type"
RESERVED = "datastore-forbid-default-name"
DUPLICATE = "datastore-require-unique-name"


def check_datastores(datastores: Sequence[Mapping[str, object]], *, key: str = "datastores") -> list[Violation]:
    """Every violation by the list of registered datastores."""
    violations = []
    first_of: dict[str, int] = {}
    for index, datastore in enumerate(datastores):
        place = f"{key}[{index}]"
        violations += [violation.under(place) for violation in check_datastore(datastore)]
        name = str(datastore.get("name", "")).lower()
        if name and first_of.setdefault(name, index) != index:
            violations.append(
                Violation(
                    rule=DUPLICATE,
                    key=f"{place}.name",
                    value=datastore["name"],
                    found=f"{key}[{first_of[name]}] has the same name",
                    allowed="one datastore of a name",
                    fix="rename one of them",
                )
            )
    return violations


def check_datastore(datastore: Mapping[str, object]) -> list[Violation]:
    """Every violation by one datastore; keys that are absent break no rule."""
    violations = []
    name, type_, container = (datastore.get(key) for key in ("name", "type", "container"))
    if name is not None:
        violations += _reserved(name) or check_name(ResourceKind.DATASTORE, name)
    if type_ is not None and type_ not in set(DatastoreType):
        near = next((known for known in DatastoreType if known.lower() == str(type_).lower()), DatastoreType.AZURE_BLOB)
        violations.append(
            Violation(
                rule=TYPE,
                key="type",
                value=type_,
                found="no such type of a datastore",
                allowed=one_of(DatastoreType),
                fix=f"set 'type' to '{near}'",
            )
        )
    if container is not None:
        kind = ResourceKind.FILE_SHARE if type_ == DatastoreType.AZURE_FILE else ResourceKind.BLOB_CONTAINER
        violations += check_name(kind, container, key="container")
    return violations


def _reserved(name: object) -> list[Violation]:
    if str(name).lower() not in DEFAULT_DATASTORES:
        return []
    return [
        Violation(
            rule=RESERVED,
            key="name",
            value=name,
            found="every workspace has a default datastore of this name",
            allowed=f"any other legal name than {one_of(DEFAULT_DATASTORES)}",
            fix="rename the datastore",
        )
    ]
