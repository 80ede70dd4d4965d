"""What identifies an asset: kind, name and version, and references as Azure's YAML has them, e.g. `azureml:name:3`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from mlw.assets.asset_errors import AssetNameError

SCHEME = "azureml:"
LATEST = "latest"
"""The only label that Azure has for every asset."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,29}")
_FORMS = "azureml:NAME:VERSION or azureml:NAME@latest"


class AssetKind(StrEnum):
    """What an asset is. Not the type of a data asset or a component."""

    ENVIRONMENT = "environment"
    DATA = "data"
    COMPONENT = "component"


@dataclass(frozen=True, slots=True)
class AssetReference:
    """A reference to a version of an asset.

    Attributes:
        name: Name of the asset.
        version: Its version; None for the latest one.
    """

    name: str
    version: str | None = None

    @classmethod
    def parse(cls, text: str, kind: AssetKind) -> AssetReference:
        """Read `azureml:NAME:VERSION`, `azureml:NAME@latest`, or the same without `azureml:`.

        As in Azure, the name alone stands for the latest version of an environment or a component, not of data.

        Raises:
            AssetNameError: It is something else.
        """
        doing = f"reading the reference '{text}' to {called(kind)}"
        if text.startswith("azureml://registries/"):
            raise AssetNameError(
                f"{doing}: registries are a service of Azure and cannot be used here. Create the asset in this "
                f"workspace with `mlw {kind} create`, and refer to it by {_FORMS}."
            )
        rest = text.removeprefix(SCHEME)
        name, at, label = rest.partition("@")
        name, colon, version = (name, "", "") if at else rest.partition(":")
        if rest.startswith("/") or not (at or colon or kind is not AssetKind.DATA):
            raise AssetNameError(f"{doing}: allowed are {_FORMS}.")
        if at and label != LATEST:
            raise AssetNameError(f"{doing}: label '{label}' is not known; allowed: {LATEST}, or {SCHEME}NAME:VERSION.")
        check_name(name, doing)
        if colon:
            check_version(version, doing)
        return cls(name, version if colon else None)

    def __str__(self) -> str:
        """As in Azure's YAML."""
        return f"{SCHEME}{self.name}@{LATEST}" if self.version is None else f"{SCHEME}{self.name}:{self.version}"


def called(kind: AssetKind) -> str:
    """How messages call one asset of a kind."""
    return {AssetKind.ENVIRONMENT: "an environment", AssetKind.DATA: "data", AssetKind.COMPONENT: "a component"}[kind]


def check_name(name: str, doing: str) -> None:
    """Check the name of an asset.

    Raises:
        AssetNameError: It is not valid.
    """
    if not _NAME.fullmatch(name):
        raise AssetNameError(
            f"{doing}: name '{name}' is not valid. Allowed: 1-255 letters, digits, '_', '-' and '.', beginning with a "
            "letter or a digit."
        )


def check_version(version: str, doing: str) -> None:
    """Check the version of an asset.

    Raises:
        AssetNameError: It is not valid.
    """
    if not _VERSION.fullmatch(version):
        raise AssetNameError(
            f"{doing}: version '{version}' is not valid. Allowed: 1-30 letters, digits, '_', '-' and '.', beginning "
            "with a letter or a digit."
        )


def version_order(version: str) -> tuple[int, str]:
    """Sorts versions: numbers by value, before everything else."""
    return (int(version), "") if version.isdecimal() else (-1, version)
