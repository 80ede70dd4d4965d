import json
from pathlib import Path
from typing import Any

import pytest

from tools.python.tracking.tracking.configuration import Configuration, ConfigurationError, load

FULL: dict[str, Any] = {
    "listen": "127.0.0.1:5000",
    "database": "/var/lib/tracking/mlflow.db",
    "users": "/etc/tracking/live/users",
    "artifacts": {
        "uri": "s3://azureml/mlflow/",
        "endpoint": "https://storage:9000",
        "credentials": "/etc/tracking/artifact-credentials",
        "certificateAuthority": "/etc/tracking/ca.pem",
    },
    "tls": {"certificate": "/etc/tracking/tls.crt", "privateKey": "/etc/tracking/tls.key"},
    "telemetry": {
        "endpoint": "http://collector:4318",
        "token": "/etc/tracking/telemetry-token",
        "attributes": {"service.name": "mlw-tracking"},
    },
    "allowedHosts": ["localhost"],
    "trashRetentionInDays": 30,
}


def _load(folder: Path, **changes: object) -> Configuration:
    path = folder / "config.json"
    document = {key: value for key, value in (FULL | changes).items() if value is not ...}
    path.write_text(json.dumps(document), encoding="utf-8")
    return load(path)


def test_full_file_is_read(tmp_path: Path) -> None:
    found = _load(tmp_path)

    assert (found.host, found.port) == ("127.0.0.1", 5000)
    assert found.artifacts.uri == "s3://azureml/mlflow"
    assert found.tls is not None
    assert found.telemetry is not None
    assert found.telemetry.attributes == {"service.name": "mlw-tracking"}
    assert found.trash_retention_days == 30


def test_tls_telemetry_and_retention_can_be_left_out(tmp_path: Path) -> None:
    found = _load(tmp_path, tls=..., telemetry=None, trashRetentionInDays=...)

    assert (found.tls, found.telemetry, found.trash_retention_days) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"listen": "5000"}, "listen is '5000'; allowed: HOST:PORT"),
        ({"users": ...}, "users is missing"),
        ({"database": 1}, "database is not a text"),
        ({"artifacts": ...}, "artifacts is not an object"),
        ({"artifacts": {"uri": "s3://bucket", "endpoint": "x", "credentials": "y"}}, "artifacts.uri is 's3://bucket'"),
        ({"artifacts": {"uri": "file:///etc"}}, "artifacts.uri is 'file:///etc'; allowed: s3://BUCKET/PREFIX"),
        ({"artifacts": {"secretKey": "x"}}, "artifacts.secretKey is unknown; allowed: certificateAuthority"),
        ({"allowedHosts": []}, "allowedHosts is not a list"),
        ({"trashRetentionInDays": 0}, "trashRetentionInDays is 0; allowed: a whole number of days, 1 or more"),
        ({"tlss": {}}, "tlss is unknown; allowed: allowedHosts"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_mistake_is_named_with_its_key(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        _load(tmp_path, **changes)


def test_file_that_is_missing_or_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"reading the configuration '.*/none': No such file"):
        load(tmp_path / "none")
    (tmp_path / "config.json").write_text("listen: x", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="it is not JSON"):
        load(tmp_path / "config.json")
