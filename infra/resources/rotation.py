"""Rotation of secrets on request: the environment variable `MLW_ROTATE` of `pulumi up`.

A resource that makes secrets says in its input `rotates` whose they are: a service (`service/storage`) or a principal
(`principal/churn-team`). The value ``<subject>[,<subject>...]:<nonce>`` asks the resources of these subjects for new
secrets, once for each nonce. An update without it, or with the same one again, changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from infra.clients.state import removal
from infra.resources.resource import Provider

VARIABLE = removal.ROTATION
SUBJECT = "rotates"
"""Input that says whose secrets a resource makes."""

NONCE = "rotation"
"""Input that holds the nonce."""


def service(credentials_key: str) -> str:
    """Subject of a service's secrets.

    Args:
        credentials_key: Its key in the stack's output `credentials`, or another word that `mlw keys rotate` takes.
    """
    return f"service/{credentials_key}"


def principal(name: str) -> str:
    """Subject of a principal's secrets."""
    return f"principal/{name}"


def inputs(subject: str) -> dict[str, str]:
    """The inputs of a resource that makes the subject's secrets."""
    return {SUBJECT: subject, NONCE: requested(subject)}


def requested(subject: str, request: str | None = None) -> str:
    """The nonce with which the subject's secrets are asked for; empty if they are not.

    Args:
        subject: Whose secrets.
        request: The request; that of the environment when left out.
    """
    subjects, _, nonce = (os.environ.get(VARIABLE, "") if request is None else request).rpartition(":")
    return nonce if subject in subjects.split(",") else ""


class RotatingProvider(Provider):
    """Base of the providers that make secrets, and new ones on request; :func:`inputs` are among their props."""

    def changed(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Names of the inputs that differ; the nonce only where it asks for something."""
        rest = super().changed(olds, news)
        return [*rest, NONCE] if self.rotates(olds, news) else rest

    @staticmethod
    def rotates(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        """Whether the new inputs ask for what the state has not seen."""
        return bool(news.get(NONCE)) and olds.get(NONCE) != news[NONCE]
