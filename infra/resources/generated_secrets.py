"""Credentials that a stack makes for itself: random, made once, secret from birth, made anew only on request."""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, UpdateResult

from infra.resources import rotation
from infra.resources.provider import Props
from infra.resources.rotation import RotatingProvider

_ALPHABET = string.ascii_letters + string.digits


def _letters(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _base64(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()


KINDS: Mapping[str, Callable[[int], str]] = {"letters": _letters, "base64": _base64}
"""Kind of a value to what makes one: `letters` and digits (safe in files, headers and URLs; the length counts
characters), or random bytes in `base64` (the length counts bytes)."""

BCRYPT_ROUNDS = 5
"""Few, as `htpasswd` has it: what is hashed is random and cannot be guessed, and the registry verifies it at every
request, at ten rounds for 75 ms of processor time instead of three."""


class _GeneratedSecretsProvider(RotatingProvider):
    inputs = ("lengths", "hashed", "kinds", "rotating")

    def create(self, props: Props) -> CreateResult:
        return CreateResult(secrets.token_hex(8), {**props, "values": _generate(props, kept={})})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        kept = dict(_olds["values"])
        if self.rotates(_olds, _news):
            for field in _news["rotating"]:
                kept.pop(field, None)
                kept.pop(f"{field}Bcrypt", None)
        return UpdateResult({**_news, "values": _generate(_news, kept=kept)})


def _generate(props: Props, *, kept: Mapping[str, str]) -> dict[str, str]:
    kinds = props.get("kinds") or {}
    values = {
        field: kept.get(field) or KINDS[kinds.get(field, "letters")](int(length))
        for field, length in props["lengths"].items()
    }
    for field in props["hashed"]:
        values[f"{field}Bcrypt"] = kept.get(f"{field}Bcrypt") or _bcrypt(values[field])
    return values


def _bcrypt(value: str) -> str:
    import bcrypt

    return bcrypt.hashpw(value.encode(), bcrypt.gensalt(rounds=BCRYPT_ROUNDS)).decode()


class GeneratedSecrets(Resource, module="ml-workspace", name="GeneratedSecrets"):
    """Random values that are made once and kept for the life of the stack, or until they are rotated.

    Args:
        name: Logical name.
        lengths: Length of each value, in the unit of its kind.
        hashed: Values whose bcrypt hash is wanted too, as ``<name>Bcrypt``; rotated with them.
        kinds: Kind of each value that is not `letters`; see :data:`KINDS`.
        rotating: Values that a rotation replaces; all of them when left out.
        rotates: Whose secrets they are; see :mod:`infra.resources.rotation`.
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
        kinds: Mapping[str, str] | None = None,
        rotating: Sequence[str] | None = None,
        rotates: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "lengths": dict(lengths),
            "hashed": list(hashed),
            "kinds": dict(kinds or {}),
            "rotating": list(lengths) if rotating is None else list(rotating),
            **rotation.inputs(rotates),
            "values": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["values"])
        super().__init__(_GeneratedSecretsProvider(), name, props, pulumi.ResourceOptions.merge(secret, opts))

    def value(self, field: str) -> pulumi.Output[str]:
        """One of the values, secret."""
        return self.values.apply(lambda values: values[field])
