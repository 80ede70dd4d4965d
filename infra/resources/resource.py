"""What all resources of the project's own provider share: tokens, diff by input, results of the verbs.

Each kind has two classes: a `Resource` that programs register, and a `Provider` that the plugin (`infra.provider`)
calls. The state holds the resource's token, and nothing else of the code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pulumi

from infra.errors import ServiceError

PACKAGE = "ml-workspace"
"""Name of the provider, as `Pulumi.yaml` declares it; first part of every token."""

Props = dict[str, Any]
"""Property bag as Pulumi hands it over: JSON values, secrets unwrapped, all numbers floats."""


@dataclass(frozen=True, slots=True)
class CheckFailure:
    """An input that is refused; the property may be left empty."""

    property: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The inputs as they shall be, and what is wrong with them."""

    inputs: Props
    failures: list[CheckFailure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DiffResult:
    """Whether there is something to update."""

    changes: bool


@dataclass(frozen=True, slots=True)
class CreateResult:
    """Id and outputs of a new resource."""

    id: str
    outs: Props


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Id (None for a resource that is gone) and outputs as they were found.

    `inputs` are for the next comparison; left out, they stay as they were.
    """

    id: str | None
    outs: Props
    inputs: Props | None = None


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """All outputs after the update."""

    outs: Props


class Provider(ABC):
    """Base of the providers. They hold no state; the user sees the message of a `MlWorkspaceError` as it is."""

    inputs: ClassVar[tuple[str, ...]]
    """Properties that the program sets; a change of any of them is an update in place."""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Validate the inputs, in preview and in update."""
        return CheckResult(news)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Report whether inputs changed. Nothing is ever replaced: each kind updates in place or refuses."""
        return DiffResult(changes=bool(self.changed(_olds, _news)))

    def changed(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Names of the inputs that differ."""
        return [key for key in self.inputs if olds.get(key) != news.get(key)]

    @abstractmethod
    def create(self, props: Props) -> CreateResult:
        """Create the resource."""

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Update the resource; without an own implementation the new inputs replace the old ones in the state."""
        return UpdateResult({**_olds, **_news})

    def read(self, id_: str, props: Props) -> ReadResult:
        """Read the real state. That of a service which does not answer, or refuses to, is unknown: the old one stands.

        What is wrong with such a service shows at the resource that repairs it, e.g. at the key vault's opening.
        """
        try:
            return self.observe(id_, props)
        except ServiceError:
            return ReadResult(id_, props)

    def observe(self, id_: str, props: Props) -> ReadResult:
        """Look at the resource itself; without an own implementation there is nothing beyond the state to look at."""
        return ReadResult(id_, props)

    def delete(self, _id: str, _props: Props) -> None:  # noqa: B027 - most types have nothing to delete
        """Delete the resource; without an own implementation it is only removed from the state."""


class Resource(pulumi.CustomResource):
    """Base of the resources. A subclass names its module, its provider and its secret outputs; attributes are outputs.

    E.g. ``class VaultInitialization(Resource, module="keyvault", provider=…, secrets=("unseal_key",))``.

    Args:
        name: Logical name.
        inputs: Values of the provider's :attr:`Provider.inputs`, and what else its verbs need.
        opts: Resource options.
    """

    type_token: ClassVar[str]
    """``ml-workspace:<module>:<class>``; it is in every state, so a class keeps its name and its module."""

    provider_class: ClassVar[type[Provider]]
    """What the plugin calls."""

    secret_outputs: ClassVar[tuple[str, ...]]
    """Outputs that are secret from birth; those named like a secret input are anyway."""

    def __init_subclass__(cls, *, module: str, provider: type[Provider], secrets: tuple[str, ...] = ()) -> None:
        super().__init_subclass__()
        cls.type_token = f"{PACKAGE}:{module}:{cls.__name__}"
        cls.provider_class, cls.secret_outputs = provider, secrets

    def __init__(self, name: str, inputs: Props, opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = {key: None for key in type(self).__annotations__ if key not in inputs}
        secret = pulumi.ResourceOptions(additional_secret_outputs=list(self.secret_outputs))
        super().__init__(self.type_token, name, {**inputs, **outputs}, pulumi.ResourceOptions.merge(secret, opts))
