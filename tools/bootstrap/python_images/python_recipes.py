"""What images of Python programs are made of: `tools/python/base.toml` and `tools/python/<service>`.

A service has a folder with its package, `requirements.lock` and, for what is specific to it, `recipe.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.host import folders
from tools.bootstrap.artefacts import recipe_hash

if TYPE_CHECKING:
    from tools.bootstrap.images.image_table import Service

FORM = 1
"""Raised when the code makes another image from the same tables."""

LOCK = "requirements.lock"


@dataclass(frozen=True, kw_only=True)
class Base:
    """The table `base.toml`."""

    release: str
    updated: str
    """When Debian's versions were last taken; another date makes another image."""
    packages: tuple[str, ...]
    busybox: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Program:
    """The table `recipe.toml` of a service; every key may be left out."""

    left_out: tuple[str, ...] = ()
    """Files of wheels that are not in the image, by patterns below the folder of packages."""
    environment: dict[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()


def folder(service: Service) -> Path:
    """The folder with a service's program and lock."""
    return folders.repo() / "tools" / "python" / service.name


def lock(service: Service) -> Path:
    """The packages that a service is made of."""
    return folder(service) / LOCK


@cache
def base() -> Base:
    """What the base consists of."""
    return Base(**_table(folders.repo() / "tools" / "python" / "base.toml"))


def program(service: Service) -> Program:
    """What is specific to a service."""
    file = folder(service) / "recipe.toml"
    return Program(**_table(file)) if file.is_file() else Program()


def sources(service: Service) -> Iterator[Path]:
    """The files of a service's program: packages, and metadata folders that declare entry points."""
    for top in sorted(folder(service).iterdir()):
        if top.is_dir() and ((top / "__init__.py").is_file() or top.suffix == ".dist-info"):
            yield from (file for file in sorted(top.rglob("*")) if file.is_file() and file.suffix != ".pyc")


def base_hash() -> str:
    """Identify what the base is made of, except for the versions that Debian has at the time."""
    return recipe_hash(folders.repo(), (), (FORM, asdict(base())))


def packages_hash(service: Service) -> str:
    """Identify the layer with a service's packages."""
    return recipe_hash(folder(service), [lock(service)], (base_hash(), program(service).left_out))


def image_hash(service: Service) -> str:
    """Identify the finished image."""
    if service.base == DEBIAN:
        return recipe_hash(folders.repo(), (), (service.content(), base_hash()))
    facts = service.content(), asdict(program(service)), packages_hash(service)
    return recipe_hash(folder(service), sources(service), facts)


DEBIAN = "debian"
"""Base of the base itself."""


def _table(path: Path) -> dict[str, Any]:
    rows = tomllib.loads(path.read_text(encoding="utf-8"))
    return {key: tuple(value) if isinstance(value, list) else value for key, value in rows.items()}
