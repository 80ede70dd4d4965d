"""Base classes of the project's resources and providers: tokens, diff by input, results of the verbs.

Each resource type has two classes: a `Resource` that programs register, and a `Provider` that the plugin
(`infra.provider`) calls. The state stores the resource's token, but no code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pulumi

from infra.errors import ServiceError

PACKAGE = "ml-workspace"
"""Name of the provider, as declared in `Pulumi.yaml`; prefix of every token."""

DOCKER_PACKAGE = "pulumi-docker"
"""Package of the Docker provider; resources name its version, and so must whatever else starts that provider."""

Props = dict[str, Any]
"""Property bag as passed by Pulumi: JSON values, secrets unwrapped, all numbers floats."""


@dataclass(frozen=True, slots=True)
class CheckFailure:
    """A rejected input; the property may be empty."""

    property: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The checked inputs, and the failures."""

    inputs: Props
    failures: list[CheckFailure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DiffResult:
    """Whether an update is needed."""

    changes: bool


@dataclass(frozen=True, slots=True)
class CreateResult:
    """Id and outputs of a new resource."""

    id: str
    outs: Props


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Id (None if the resource no longer exists) and outputs as found.

    `inputs` are used in the next comparison; if omitted, they are unchanged.
    """

    id: str | None
    outs: Props
    inputs: Props | None = None


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """All outputs after the update."""

    outs: Props


class Provider(ABC):
    """Base of the providers. They are stateless; the user sees the message of a `MlWorkspaceError` unchanged."""

    inputs: ClassVar[tuple[str, ...]]
    """Properties that the program sets; a change of any of them is an update in place."""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Validate the inputs, in preview and in update."""
        return CheckResult(news)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Report whether inputs changed. Nothing is ever replaced: each type updates in place or fails."""
        return DiffResult(changes=bool(self.changed(_olds, _news)))

    def changed(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Names of the inputs that differ."""
        return [key for key in self.inputs if olds.get(key) != news.get(key)]

    @abstractmethod
    def create(self, props: Props) -> CreateResult:
        """Create the resource."""

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Update the resource; by default, only replace the inputs in the state."""
        return UpdateResult({**_olds, **_news})

    def read(self, id_: str, props: Props) -> ReadResult:
        """Read the actual state. If the service is unreachable or returns an error, the old state is kept.

        The error then surfaces at the resource that repairs it, e.g. when the key vault is unsealed.
        """
        try:
            return self.observe(id_, props)
        except ServiceError:
            return ReadResult(id_, props)

    def observe(self, id_: str, props: Props) -> ReadResult:
        """Read the resource itself; by default, return the state unchanged."""
        return ReadResult(id_, props)

    def delete(self, _id: str, _props: Props) -> None:  # noqa: B027 - most types have nothing to delete
        """Delete the resource; by default, it is only removed from the state."""


class Resource(pulumi.CustomResource):
    """Base of the resources. A subclass declares its module, provider and secret outputs; its attributes are outputs.

    E.g. ``class VaultInitialization(Resource, module="keyvault", provider=…, secrets=("unseal_key",))``.

    Args:
        name: Logical name.
        inputs: Values of the provider's :attr:`Provider.inputs`, and other values that its verbs need.
        opts: Resource options.
    """

    type_token: ClassVar[str]
    """``ml-workspace:<module>:<class>``; stored in every state, so a class never changes its name or module."""

    provider_class: ClassVar[type[Provider]]
    """The provider that the plugin calls."""

    secret_outputs: ClassVar[tuple[str, ...]]
    """Outputs that are always secret; those named like a secret input are secret anyway."""

    def __init_subclass__(cls, *, module: str, provider: type[Provider], secrets: tuple[str, ...] = ()) -> None:
        super().__init_subclass__()
        cls.type_token = f"{PACKAGE}:{module}:{cls.__name__}"
        cls.provider_class, cls.secret_outputs = provider, secrets

    def __init__(self, name: str, inputs: Props, opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = {key: None for key in type(self).__annotations__ if key not in inputs}
        secret = pulumi.ResourceOptions(additional_secret_outputs=list(self.secret_outputs))
        super().__init__(self.type_token, name, {**inputs, **outputs}, pulumi.ResourceOptions.merge(secret, opts))
