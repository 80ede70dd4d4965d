"""Generated credentials: random, created once, always secret, replaced only on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from typing_extensions import override

from infra.clients import secret_values
from infra.clients.state import removal
from infra.resources import rotation
from infra.resources.resource import CreateResult, Props, Resource, UpdateResult
from infra.resources.rotation import RotatingProvider


class GeneratedSecretsProvider(RotatingProvider):
    """Verbs of :class:`GeneratedSecrets`."""

    inputs = ("lengths", "hashed", "encodings", "rotating")

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(secret_values.alphanumeric(16), {**props, "values": _generate(props, kept={})})

    @override
    def delete(self, _id: str, _props: Props) -> None:
        if _props["data_of"]:
            removal.require_allowed(
                _props["data_of"]["stack_id"], _props["data_of"]["resource_name"], "its encryption key"
            )

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        rotated = _news["rotating"] if self.rotates(_olds, _news) else []
        return UpdateResult({**_news, "values": _generate(_news, kept=secret_values.without(_olds["values"], rotated))})


def _generate(props: Props, *, kept: Mapping[str, str]) -> dict[str, str]:
    return secret_values.generate(
        {field: int(length) for field, length in props["lengths"].items()},
        hashed=props["hashed"],
        encodings=props["encodings"],
        kept=kept,
    )


class GeneratedSecrets(Resource, module="secrets", provider=GeneratedSecretsProvider, secrets=("values",)):
    """Random values, created once and kept for the lifetime of the stack or until they are rotated.

    Args:
        name: Logical name.
        lengths: Length of each value, in the unit of its encoding.
        hashed: Values that also get a bcrypt hash, ``<name>Bcrypt``, rotated with them.
        encodings: Encoding of each value that is not alphanumeric; see :mod:`infra.clients.secret_values`.
        rotating: Values that a rotation replaces; all by default.
        rotates: Subject of the secrets; see :mod:`infra.resources.rotation`.
        data_of: `stack_id` and `resource_name`, if one of the values encrypts the resource's data.
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
        encodings: Mapping[str, str] | None = None,
        rotating: Sequence[str] | None = None,
        rotates: str,
        data_of: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "lengths": dict(lengths),
            "hashed": list(hashed),
            "encodings": dict(encodings or {}),
            "rotating": list(lengths) if rotating is None else list(rotating),
            **rotation.inputs(rotates),
            "data_of": dict(data_of or {}),
        }
        super().__init__(name, inputs, opts)

    def value(self, field: str) -> pulumi.Output[str]:
        """One of the values; secret."""
        return self.values.apply(lambda values: values[field])
