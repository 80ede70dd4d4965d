"""What replaces the images and environments that only Azure has: the tables of `curated.toml`."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mlw.environments.environment_errors import EnvironmentFileError

TABLE = Path(__file__).with_name("curated.toml")

_CURATED = re.compile(
    r"(?:azureml://registries/[\w-]+/environments/|azureml:)(?P<name>[\w.-]+)"
    r"(?:/versions/[\w.-]+|/labels/[\w.-]+|:[\w.-]+|@[\w.-]+)?/?"
)
_AZURES_OWN = ("azureml-", "azureml_")
_RELEASE = re.compile(r"[a-z]+(?:-[a-z]+)*-[0-9][\w.-]*")
"""Name of a curated environment in its registry, with its release: `sklearn-1.5`."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a table.

    Attributes:
        pattern: Names that it stands for.
        packages: Packages that the replacement has beyond Python.
        version: Package to the expression that finds its version in the name.
        version_from_tag: Whether the tag names the version of Python.
        is_curated: Whether the last part of the name is that of a curated environment.
        refused: Why there is no replacement, and what to use.
    """

    pattern: tuple[str, ...]
    packages: tuple[str, ...] = ()
    version: Mapping[str, str] = field(default_factory=dict)
    version_from_tag: bool = False
    is_curated: bool = False
    refused: str = ""

    def matches(self, name: str) -> bool:
        """Whether the row stands for a name."""
        return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in self.pattern)


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """What is used in place of an image or a curated environment.

    Attributes:
        requirements: Packages beyond Python, as lines of requirements.
        python: Specifier of the version of Python; empty for the default.
        notice: What to tell in the log.
    """

    requirements: tuple[str, ...] = ()
    python: str = ""
    notice: str = ""


@cache
def rows(table: str) -> Sequence[Row]:
    """One of the tables, `images` or `curated`."""
    found = tomllib.loads(TABLE.read_text(encoding="utf-8"))[table]
    return [_row(one) for one in found]


def _row(written: Mapping[str, Any]) -> Row:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in written.items()}
    return Row(**values)


def curated_name(reference: str) -> str:
    """Name of the curated environment that a reference means; empty if it means an environment of the workspace.

    Azure lists curated environments among those of a workspace, too, so `azureml:sklearn-1.5@latest` can be one.
    """
    found = _CURATED.fullmatch(reference)
    if found is None:
        return ""
    name = found["name"]
    is_azures = reference.startswith("azureml://registries/") or name.lower().startswith(_AZURES_OWN)
    return name if is_azures or _is_listed(name) else ""


def _is_listed(name: str) -> bool:
    """Whether a row stands for names that begin as this one does; a user's own may have it in the middle."""
    patterns = (one for row in rows("curated") for one in row.pattern if not one.startswith("*"))
    return bool(_RELEASE.fullmatch(name)) and any(fnmatch.fnmatchcase(name, one) for one in patterns)


def of_curated(name: str) -> Replacement:
    """What replaces a curated environment.

    Raises:
        EnvironmentFileError: It is not in the table, or has no replacement.
    """
    row = next((one for one in rows("curated") if one.matches(name)), None)
    if row is None:
        known = sorted(
            {one.replace("*", "") for row in rows("curated") if not row.refused for one in row.pattern} - {""}
        )
        raise EnvironmentFileError(
            f"using the curated environment '{name}' of Azure: nothing is known to replace it; known beginnings: "
            f"{', '.join(known)}. Write an environment with `image` and `conda_file`."
        )
    if row.refused:
        raise EnvironmentFileError(f"using the curated environment '{name}' of Azure: {row.refused}.")
    requirements = tuple(_pinned(row, package, name.lower()) for package in row.packages)
    listed = ", ".join(requirements)
    return Replacement(
        requirements=requirements,
        notice=f"Azure's curated environment '{name}' is replaced by Python with: {listed}{_without_gpu(name)}",
    )


def of_image(image: str) -> Replacement | None:
    """What replaces an image; None if it is used as it is.

    Raises:
        EnvironmentFileError: It cannot be used here.
    """
    name = image.removeprefix("docker.io/").removeprefix("registry.hub.docker.com/").partition("@")[0]
    row = next((one for one in rows("images") if one.matches(name)), None)
    if row is None:
        return None
    if row.refused:
        raise EnvironmentFileError(f"using the image '{image}': {row.refused}.")
    if row.is_curated:
        return of_curated(name.rpartition("/")[2].partition(":")[0])
    version = re.search(r"(?::|py|python-?)([0-9]+\.[0-9]+)", name) if row.version_from_tag else None
    listed = f", with: {', '.join(row.packages)}" if row.packages else ""
    return Replacement(
        requirements=row.packages,
        python=f"=={version[1]}.*" if version else "",
        notice=f"image '{image}' is replaced by the Python image of this project{listed}{_without_gpu(name)}",
    )


def _without_gpu(name: str) -> str:
    return "; jobs get no GPU here" if re.search("gpu|cuda|acpt", name, re.IGNORECASE) else ""


def _pinned(row: Row, package: str, name: str) -> str:
    expression = row.version.get(package)
    found = re.search(expression, name) if expression else None
    return f"{package}=={found[1]}.*" if found else package
