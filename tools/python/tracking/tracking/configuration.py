"""The server's configuration: one JSON file, read once at the start.

Everything that can change while the server runs is in other files, which the configuration names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_KEYS = ["allowedHosts", "artifacts", "database", "listen", "telemetry", "tls", "trashRetentionInDays", "users"]


class ConfigurationError(Exception):
    """The configuration, or a file that it names, cannot be used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifacts:
    """Where artifacts are kept: a prefix of one bucket, by S3."""

    bucket: str
    prefix: str
    endpoint: str
    credentials: Path
    """AWS shared credentials file."""
    certificate_authority: Path | None

    @property
    def uri(self) -> str:
        """The destination as MLflow writes it."""
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tls:
    """Files of the server's certificate."""

    certificate: Path
    private_key: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Telemetry:
    """Where spans of the requests are sent."""

    endpoint: str
    token: Path
    certificate_authority: Path | None
    attributes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """The whole file."""

    host: str
    port: int
    database: Path
    users: Path
    artifacts: Artifacts
    tls: Tls | None
    telemetry: Telemetry | None
    allowed_hosts: tuple[str, ...]
    trash_retention_days: int | None
    """Days after which what was deleted is removed for good; None keeps it."""


def load(path: Path) -> Configuration:
    """Read the file.

    Raises:
        ConfigurationError: It cannot be read, lacks a key or has one that is unknown.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigurationError(f"reading the configuration '{path}': {exc.strerror}.") from exc
    except ValueError as exc:
        raise ConfigurationError(f"reading the configuration '{path}': it is not JSON ({exc}).") from exc
    return _Section(document, "", path).configuration()


class _Section:
    """One object of the file; an error names the key with all the keys above it."""

    def __init__(self, document: object, key: str, path: Path) -> None:
        self._key, self._path = key, path
        if not isinstance(document, dict):
            found = key.rstrip(".") or "it"
            raise ConfigurationError(f"reading the configuration '{path}': {found} is not an object.")
        self._values: dict[str, object] = dict(document)

    def configuration(self) -> Configuration:
        host, _, port = self._text("listen").rpartition(":")
        if not host or not port.isdecimal():
            raise self._error("listen", f"is '{self._values['listen']}'; allowed: HOST:PORT")
        found = Configuration(
            host=host,
            port=int(port),
            database=Path(self._text("database")),
            users=Path(self._text("users")),
            artifacts=self._section("artifacts")._artifacts(),
            tls=self._section("tls")._tls() if self._has("tls") else None,
            telemetry=self._section("telemetry")._telemetry() if self._has("telemetry") else None,
            allowed_hosts=self._texts("allowedHosts"),
            trash_retention_days=self._days("trashRetentionInDays"),
        )
        self._refuse_unknown(_KEYS)
        return found

    def _artifacts(self) -> Artifacts:
        self._refuse_unknown(["uri", "endpoint", "credentials", "certificateAuthority"])
        bucket, _, prefix = self._text("uri").removeprefix("s3://").partition("/")
        if not self._text("uri").startswith("s3://") or not bucket or not prefix.strip("/"):
            raise self._error("uri", f"is '{self._values['uri']}'; allowed: s3://BUCKET/PREFIX")
        return Artifacts(
            bucket=bucket,
            prefix=prefix.strip("/"),
            endpoint=self._text("endpoint"),
            credentials=Path(self._text("credentials")),
            certificate_authority=self._optional_path("certificateAuthority"),
        )

    def _tls(self) -> Tls:
        self._refuse_unknown(["certificate", "privateKey"])
        return Tls(certificate=Path(self._text("certificate")), private_key=Path(self._text("privateKey")))

    def _telemetry(self) -> Telemetry:
        self._refuse_unknown(["endpoint", "token", "certificateAuthority", "attributes"])
        attributes = self._values.get("attributes") or {}
        if not isinstance(attributes, dict):
            raise self._error("attributes", "is not an object")
        return Telemetry(
            endpoint=self._text("endpoint"),
            token=Path(self._text("token")),
            certificate_authority=self._optional_path("certificateAuthority"),
            attributes={str(name): str(value) for name, value in attributes.items()},
        )

    def _has(self, key: str) -> bool:
        return self._values.get(key) is not None

    def _section(self, key: str) -> _Section:
        return _Section(self._values.get(key), f"{self._key}{key}.", self._path)

    def _text(self, key: str) -> str:
        value = self._values.get(key)
        if not isinstance(value, str) or not value:
            raise self._error(key, "is missing" if value is None else "is not a text")
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        values = self._values.get(key)
        if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
            raise self._error(key, "is not a list of texts with at least one")
        return tuple(values)

    def _optional_path(self, key: str) -> Path | None:
        return Path(self._text(key)) if self._has(key) else None

    def _days(self, key: str) -> int | None:
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._error(key, f"is {value!r}; allowed: a whole number of days, 1 or more")
        return value

    def _refuse_unknown(self, known: list[str]) -> None:
        if unknown := sorted(set(self._values) - set(known)):
            raise self._error(unknown[0], f"is unknown; allowed: {', '.join(sorted(known))}")

    def _error(self, key: str, found: str) -> ConfigurationError:
        return ConfigurationError(f"reading the configuration '{self._path}': {self._key}{key} {found}.")
