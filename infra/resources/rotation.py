"""A request to make secrets anew: the environment variable `MLW_ROTATE` of `pulumi up`.

``<logical name>[,<logical name>...]:<nonce>`` asks the named resources, once for each nonce. An update without it, or
with the same one again, changes nothing, and neither does the next one after it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from infra.resources.provider import Provider

VARIABLE = "MLW_ROTATE"
ROTATION = "rotation"
"""Input that holds the nonce."""


def requested(name: str, request: str | None = None) -> str:
    """The nonce with which the resource of this logical name is asked; empty if it is not.

    Args:
        name: Logical name.
        request: The request; that of the environment when left out.
    """
    names, _, nonce = (os.environ.get(VARIABLE, "") if request is None else request).rpartition(":")
    return nonce if name in names.split(",") else ""


class RotatingProvider(Provider):
    """Base of the providers that make anew, on request, what they once made; :data:`ROTATION` is among their props."""

    def changed(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Names of the inputs that differ; the nonce only where it asks for something."""
        rest = super().changed(olds, news)
        return [*rest, ROTATION] if self.rotates(olds, news) else rest

    @staticmethod
    def rotates(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        """Whether the new inputs ask for what the state has not seen."""
        return bool(news.get(ROTATION)) and olds.get(ROTATION) != news[ROTATION]
