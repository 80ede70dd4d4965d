"""Credentials that a stack makes for itself: random, made once, secret from birth."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, UpdateResult

from infra.resources.base import Props, Provider

_ALPHABET = string.ascii_letters + string.digits


class _GeneratedSecretsProvider(Provider):
    inputs = ("lengths", "hashed")

    def create(self, props: Props) -> CreateResult:
        return CreateResult(secrets.token_hex(8), {**props, "values": _generate(props, kept={})})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult({**_news, "values": _generate(_news, kept=_olds["values"])})


def _generate(props: Props, *, kept: Mapping[str, str]) -> dict[str, str]:
    values = {
        field: kept.get(field) or "".join(secrets.choice(_ALPHABET) for _ in range(int(length)))
        for field, length in props["lengths"].items()
    }
    for field in props["hashed"]:
        values[f"{field}Bcrypt"] = kept.get(f"{field}Bcrypt") or _bcrypt(values[field])
    return values


def _bcrypt(value: str) -> str:
    import bcrypt

    return bcrypt.hashpw(value.encode(), bcrypt.gensalt(rounds=10)).decode()


class GeneratedSecrets(Resource, module="ml-workspace", name="GeneratedSecrets"):
    """Random values that are made once and kept for the life of the stack.

    Args:
        name: Logical name.
        lengths: Length in characters of each value (letters and digits: safe in files, headers and URLs).
        hashed: Values whose bcrypt hash is wanted too, as ``<name>Bcrypt``.
        opts: Resource options.
    """

    values: pulumi.Output[dict[str, str]]
    """The values by name; secret."""

    def __init__(
        self,
        name: str,
        *,
        lengths: Mapping[str, int],
        hashed: tuple[str, ...] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {"lengths": dict(lengths), "hashed": list(hashed), "values": None}
        secret = pulumi.ResourceOptions(additional_secret_outputs=["values"])
        super().__init__(_GeneratedSecretsProvider(), name, props, pulumi.ResourceOptions.merge(secret, opts))

    def value(self, field: str) -> pulumi.Output[str]:
        """One of the values, secret."""
        return self.values.apply(lambda values: values[field])
