"""The services' images: the table in `images.toml`, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """One service's image, whether pulled, mirrored or built."""

    image: str
    """Local tag that containers run."""

    binary: str
    """Path of the service's program in the image."""

    user: str
    """``uid:gid`` that the service runs as."""

    revision: int
    """Revision of the image under this tag; a stack's next update switches to a higher one."""

    @property
    def uid(self) -> str:
        """Numeric user id."""
        return self.user.partition(":")[0]

    @property
    def gid(self) -> str:
        """Numeric group id."""
        return self.user.partition(":")[2]


@cache
def table() -> dict[str, Image]:
    """The images by service: ``minio``, ``registry``, ``vault``, ``collector``, ``insights``."""
    rows = tomllib.loads(Path(__file__).with_name("images.toml").read_text())
    return {service: Image(row["image"], row["binary"], row["user"], row["revision"]) for service, row in rows.items()}
