"""Records of collected data: one line of JSON each, in the form of Azure's data collector (CloudEvents 1.0)."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

PORT, PATH = 50011, "/modeldata/log"
"""Where Azure's package `azureml-ai-monitoring` sends what a scoring script collects; on 127.0.0.1 only."""

SETTINGS = "AZUREML_MDC_CONFIG_PATH"
"""Variable with the path of the settings, which the package reads, too."""

FILE = "collector.json"
TYPE_PREFIX = "azureml.inference."
MOST_RECORD_BYTES = 4 << 20

DROPPED = "mlw-dropped"
"""Header: how many records the sender has dropped since it last sent one."""

_FOLDERS = {"minute": "%Y/%m/%d/%H/%M", "hour": "%Y/%m/%d/%H", "day": "%Y/%m/%d"}
_JSON, _BINARY = "application/json", "application/octet-stream"


def folder_of(rolling_rate: str, seconds: float) -> str:
    """Folder of a record below that of its collection."""
    return time.strftime(_FOLDERS[rolling_rate], time.gmtime(seconds))


def line_of(headers: Mapping[str, str], body: bytes, source: str) -> tuple[str, float, bytes]:
    """A record as it was sent here: its collection, its time, and its line.

    Args:
        headers: Of the request; names in lower case.
        body: The data.
        source: Resource id of the deployment.
    """
    type_ = headers.get("ce-type", "")
    seconds = _seconds(headers.get("ce-time", ""))
    found: dict[str, Any] = {
        "specversion": "1.0",
        "id": headers.get("trace-id") or str(uuid.uuid4()),
        "source": source,
        "type": type_,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
        **_data(headers.get("content-type", _JSON), body),
    }
    if request := headers.get("ce-x-request-id"):
        found.update(correlationid=request, xrequestid=request)
    named = (("modelversion", "model-version"), ("collectdatatype", "collect-data-type"), ("agent", "agent"),
             ("path", "path"), ("method", "method"), ("statuscode", "status-code"))  # fmt: skip
    found.update({key: headers[f"ce-{name}"] for key, name in named if f"ce-{name}" in headers})
    found["contentrange"] = f"bytes 0-{max(0, len(body) - 1)}/{len(body)}"
    return type_[len(TYPE_PREFIX) :].lower(), seconds, json.dumps(found, ensure_ascii=False).encode() + b"\n"


def _data(content_type: str, body: bytes) -> dict[str, Any]:
    type_ = content_type.partition(";")[0].strip().lower() or _JSON
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return {"datacontenttype": _BINARY, "data_base64": base64.b64encode(body).decode("ascii")}
    try:
        return {"datacontenttype": _JSON, "data": json.loads(text)}
    except ValueError:
        return {"datacontenttype": "text/plain" if type_ == _JSON else type_, "data": text}


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return time.time()
