"""The image of an environment, however a job names it: registered, curated by Azure, as a document, as an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.clients.service_connection import ServiceConnection
from infra.errors import MlWorkspaceError
from mlw.assets.asset_references import AssetKind, AssetReference
from mlw.assets.asset_store import AssetStore
from mlw.environments import environment_images, planning, replacements
from mlw.environments.environment_images import EnvironmentImage
from mlw.environments.planning import Plan

if TYPE_CHECKING:
    from mlw.stacks.stacks import Stack

_SCHEME = "azureml:"


class NoPushRightError(MlWorkspaceError):
    """The role of a principal includes nothing of the container registry."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentAccess:
    """What environments need of a workspace.

    Attributes:
        registry: Its registry. A login that can only pull finds images, but cannot build any.
        assets: Its registered environments.
    """

    registry: ServiceConnection
    assets: AssetStore


def open_environments(stack: Stack, principal: str | None = None) -> EnvironmentAccess:
    """Connect with the login of a stack, or of a principal.

    Raises:
        NotUpError: The stack was never deployed.
        NoSuchPrincipalError: It has no such principal.
        NoPushRightError: The role of the principal includes no images.
    """
    from mlw.assets.asset_access import open_assets  # noqa: PLC0415 - needs the storage account's client
    from mlw.client_environment.client_access import access_of  # noqa: PLC0415 - likewise

    access = access_of(stack, principal)
    held = access.credentials.get("registry")
    if not held:
        raise NoPushRightError(
            f"using the container registry of stack '{stack.name}' as principal '{principal}': its role includes no "
            "images, e.g. not Microsoft.ContainerRegistry/registries/pull/read. `mlw roles list` shows which roles do."
        )
    registry = registry_of(stack, access.endpoints["registry"], held)
    return EnvironmentAccess(registry=registry, assets=open_assets(stack, principal))


def registry_of(stack: Stack, host: str, login: Mapping[str, str]) -> ServiceConnection:
    """The registry of a workspace, with a login."""
    from mlw.client_environment.client_access import registry_scheme  # noqa: PLC0415 - as above

    scheme = registry_scheme(stack)
    return ServiceConnection(endpoint=f"{scheme}://{host}", credentials=login, ca_certificate=stack.ca_certificate)


def image_of(
    environment: Mapping[str, Any] | str,
    access: EnvironmentAccess,
    *,
    allow_newer_python: bool = False,
    log: Callable[[str], None] = lambda _: None,
) -> EnvironmentImage:
    """Provide the image of an environment, and build it if the registry does not have it.

    Args:
        environment: `azureml:NAME:VERSION`, `azureml:NAME@latest`, a curated environment of Azure, an image, or the
            document of an environment.
        access: The workspace's registry and its registered environments.
        allow_newer_python: Whether Python may be newer than the environment asks for.
        log: Takes lines of progress.

    Raises:
        EnvironmentFileError: The environment cannot be used here; the message proposes what can.
        AssetNotFoundError: There is no such registered environment.
        UnresolvableError: Its packages cannot be installed; quotes the resolver.
        PushRejectedError: It would have to be built, and the login can only pull.
    """
    planned = plan_of(environment, access.assets, allow_newer_python=allow_newer_python)
    return environment_images.provide(planned, access.registry, log)


def plan_of(environment: Mapping[str, Any] | str, assets: AssetStore, *, allow_newer_python: bool = False) -> Plan:
    """Plan an image; reads the record of a registered environment.

    A curated environment of Azure may be registered under its own name; then that one is used.
    """
    if not isinstance(environment, str) or not _is_of_workspace(environment):
        return planning.plan(environment, allow_newer_python=allow_newer_python)
    reference = AssetReference.parse(environment, AssetKind.ENVIRONMENT)
    curated = replacements.curated_name(environment)
    if curated and not assets.list(AssetKind.ENVIRONMENT, reference.name, view="all"):
        return planning.plan(environment, allow_newer_python=allow_newer_python)
    document = assets.resolve(AssetKind.ENVIRONMENT, reference).document
    return planning.plan(document, allow_newer_python=allow_newer_python)


def _is_of_workspace(environment: str) -> bool:
    return environment.startswith(_SCHEME) and not environment.startswith(f"{_SCHEME}//")
