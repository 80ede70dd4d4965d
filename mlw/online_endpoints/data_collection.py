"""`data_collector` of a deployment's file: which inputs and outputs are collected, and where they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import MlWorkspaceError
from infra.rules.datastores.default_datastores import BLOB_STORE
from mlw.data.datastore_uris import DatastoreUri

FOLDER = "modelDataCollector"
"""Azure's folder of collected data in the default blob store."""

PAYLOAD = ("request", "response")
OF_MLFLOW = ("model_inputs", "model_outputs", *PAYLOAD)
"""What can be collected of a model of MLflow; a scoring script names its own with Azure's `Collector`."""

ROLLING_RATES = ("minute", "hour", "day")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_KEY = "data_collector"


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """One collection that is enabled.

    Attributes:
        name: Its name.
        folder: Folder of its data in the default blob store.
        asset: Name of the data asset.
        version: Its version.
    """

    name: str
    folder: str
    asset: str
    version: str

    @property
    def uri(self) -> str:
        """As in Azure's YAML."""
        return str(DatastoreUri(BLOB_STORE, self.folder, is_folder=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class DataCollection:
    """What is collected of a deployment.

    Attributes:
        collections: Those that are enabled; at least one.
        sampling_rate: Share of the requests, 0 to 1.
        rolling_rate: How long data goes to one folder.
    """

    collections: tuple[Collection, ...]
    sampling_rate: float = 1.0
    rolling_rate: str = "hour"

    @property
    def has_payload(self) -> bool:
        """Whether requests or responses are collected as they are."""
        return any(one.name in PAYLOAD for one in self.collections)


def of_document(document: Mapping[str, Any]) -> DataCollection | None:
    """Read a file that :func:`problems` finds nothing in; None if nothing is collected."""
    given: Mapping[str, Any] = document.get(_KEY) or {}
    enabled = {name: one for name, one in (given.get("collections") or {}).items() if _is_enabled(one)}
    if not enabled:
        return None
    rate = given.get("sampling_rate")
    return DataCollection(
        collections=tuple(_collection(document, name, one) for name, one in enabled.items()),
        sampling_rate=1.0 if rate is None else float(rate),
        rolling_rate=str(given.get("rolling_rate") or "hour").lower(),
    )


def _collection(document: Mapping[str, Any], name: str, given: Mapping[str, Any]) -> Collection:
    endpoint, deployment = str(document["endpoint_name"]), str(document["name"])
    data = _data(given)
    path = str(data.get("path") or "")
    return Collection(
        name=name,
        folder=DatastoreUri.parse(path, _KEY).path if path else f"{FOLDER}/{endpoint}/{deployment}/{name}",
        asset=str(data.get("name") or f"{endpoint}-{deployment}-{name}"),
        version=str(data.get("version") or "1"),
    )


def problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is not allowed, one sentence each."""
    given = document.get(_KEY)
    if given is None:
        return
    collections = given.get("collections") if isinstance(given, Mapping) else None
    if not isinstance(collections, Mapping):
        yield f"{_KEY} has no collections, e.g. `collections: {{model_inputs: {{enabled: 'True'}}}}`."
        return
    rate = given.get("sampling_rate")
    if rate is not None and not _is_share(rate):
        yield f"{_KEY}.sampling_rate is {rate!r}; allowed: 0 to 1."
    rolling = str(given.get("rolling_rate") or "hour")
    if rolling.lower() not in ROLLING_RATES:
        yield f"{_KEY}.rolling_rate is '{rolling}'; allowed: {', '.join(ROLLING_RATES)}."
    has_script = bool(document.get("code_configuration"))
    for name, one in collections.items():
        yield from _of_collection(str(name), one, has_script=has_script)


def _of_collection(name: str, given: Any, *, has_script: bool) -> Iterator[str]:  # noqa: ANN401 - YAML
    place = f"{_KEY}.collections"
    if not _NAME.fullmatch(name):
        yield f"{place} has '{name}'; allowed in a name: letters, digits, '-' and '_'."
    elif not has_script and name not in OF_MLFLOW:
        yield (
            f"{place} has '{name}'; allowed without a scoring script: {', '.join(OF_MLFLOW)}. Others are those of a "
            "script that uses `azureml.ai.monitoring.Collector`."
        )
    if not isinstance(given, Mapping) or str(given.get("enabled")).lower() not in {"true", "false"}:
        yield f"{place}.{name}.enabled is missing, or neither 'True' nor 'False'."
        return
    if isinstance(given.get("data"), str):
        yield f"{place}.{name}.data is '{given['data']}'; allowed: a mapping with name, version and path."
        return
    path = str(_data(given).get("path") or "")
    allowed = f"allowed: a folder as azureml://datastores/{BLOB_STORE}/paths/FOLDER"
    try:
        uri = DatastoreUri.parse(path, "") if path else None
    except MlWorkspaceError:
        yield f"{place}.{name}.data.path is '{path}'; {allowed}."
        return
    if uri and (uri.datastore != BLOB_STORE or not uri.path or set("*?$") & set(uri.path)):
        yield f"{place}.{name}.data.path is '{path}'; {allowed}: the deployment may write nowhere else."


def _data(given: Mapping[str, Any]) -> Mapping[str, Any]:
    data = given.get("data")
    return data if isinstance(data, Mapping) else {}


def _is_enabled(given: Mapping[str, Any]) -> bool:
    return str(given.get("enabled")).lower() == "true"


def _is_share(given: Any) -> bool:  # noqa: ANN401 - YAML
    try:
        return 0 <= float(given) <= 1
    except (TypeError, ValueError):
        return False
