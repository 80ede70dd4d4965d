"""Rotation of secrets on request, by the environment variable `MLW_ROTATE` of `pulumi up`.

A resource that generates secrets names their subject in its input `rotates`: a service (`service/storage`) or a
principal (`principal/churn-team`). The value ``<subject>[,<subject>...]:<nonce>`` requests new secrets for these
subjects, once per nonce. An update without the variable, or with the same nonce again, changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from infra.clients.state import removal
from infra.resources.resource import Provider

VARIABLE = removal.ROTATION
SUBJECT = "rotates"
"""Input with the subject of a resource's secrets."""

NONCE = "rotation"
"""Input with the nonce."""


def service(credentials_key: str) -> str:
    """Subject of a service's secrets.

    Args:
        credentials_key: Its key in the stack's output `credentials`, or another name that `mlw keys rotate` accepts.
    """
    return f"service/{credentials_key}"


def principal(name: str) -> str:
    """Subject of a principal's secrets."""
    return f"principal/{name}"


def inputs(subject: str) -> dict[str, str]:
    """The inputs of a resource that generates the subject's secrets."""
    return {SUBJECT: subject, NONCE: requested(subject)}


def requested(subject: str, request: str | None = None) -> str:
    """The nonce, if a rotation of the subject's secrets is requested; otherwise empty.

    Args:
        subject: Subject of the secrets.
        request: The request; by default, the environment variable.
    """
    subjects, _, nonce = (os.environ.get(VARIABLE, "") if request is None else request).rpartition(":")
    return nonce if subject in subjects.split(",") else ""


class RotatingProvider(Provider):
    """Base of the providers that generate and rotate secrets; their props include :func:`inputs`."""

    def changed(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Names of the inputs that differ; includes the nonce only if a rotation is requested."""
        rest = super().changed(olds, news)
        return [*rest, NONCE] if self.rotates(olds, news) else rest

    @staticmethod
    def rotates(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        """Whether the new inputs request a rotation that has not been made yet."""
        return bool(news.get(NONCE)) and olds.get(NONCE) != news[NONCE]
