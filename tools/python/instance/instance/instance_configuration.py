"""Configuration of an instance: one file that is read at the start, and two that are read again when they change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ConfigurationError(Exception):
    """A file of the configuration cannot be used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """The file that is read at the start.

    Attributes:
        port: Port in the container.
        home: Home folder of the user, on a volume.
        access: File with credentials, read again when it changes; see `user_access`.
        idle_seconds: File with the idle time; empty or 0 for none. Read again when it changes.
        certificate: Certificate of the server; None for plain HTTP.
        private_key: Its key.
        certificate_authorities: CA certificates of the workspace's services; empty without TLS.
    """

    port: int
    home: Path
    access: Path
    idle_seconds: Path
    certificate: Path | None = None
    private_key: Path | None = None
    certificate_authorities: tuple[Path, ...] = ()


def load(file: Path) -> Configuration:
    """Read the configuration.

    Raises:
        ConfigurationError: The file cannot be read, or lacks something.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        tls: Mapping[str, Any] = document.get("tls") or {}
        return Configuration(
            port=int(document["port"]),
            home=Path(document["home"]),
            access=Path(document["access"]),
            idle_seconds=Path(document["idleSeconds"]),
            certificate=_path(tls, "certificate"),
            private_key=_path(tls, "privateKey"),
            certificate_authorities=tuple(map(Path, document.get("certificateAuthorities") or ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ConfigurationError(f"reading '{file}': {type(exc).__name__}: {exc}") from exc


def read_idle_seconds(file: Path) -> int:
    """The idle time after which the instance stops; 0 for never, and as long as the file cannot be read."""
    try:
        return int(file.read_text(encoding="utf-8").strip() or 0)
    except (OSError, ValueError):
        return 0


def _path(tls: Mapping[str, Any], key: str) -> Path | None:
    return Path(tls[key]) if key in tls else None
