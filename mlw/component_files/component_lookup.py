"""Finds registered components, for jobs that refer to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlw.assets.asset_references import AssetKind, AssetReference
from mlw.data.data_workspace import DataWorkspace

FindComponent = Callable[[str], Mapping[str, Any]]
"""The document of a registered component, by its reference."""


def component_finder(data: DataWorkspace) -> FindComponent:
    """Find components of a workspace; the document has their name and version."""

    def find(reference: str) -> Mapping[str, Any]:
        found = data.assets.resolve(AssetKind.COMPONENT, AssetReference.parse(reference, AssetKind.COMPONENT))
        return {**found.document, "name": found.name, "version": found.version}

    return find
