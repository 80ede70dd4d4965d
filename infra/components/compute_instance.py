"""Compute instance: JupyterLab for one principal of the workspace, with the principal's own credentials.

It may stop: when it is idle, or when somebody stops it. Nothing of the stack waits for it or repairs it then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from infra import service_images
from infra.client_variables import Access, variables
from infra.components.component import ServiceComponent
from infra.components.principal import INSTANCES_KEY, Principal
from infra.components.provisioning_context import InternalAddress, ProvisioningContext
from infra.components.service_container import CA_CERTIFICATE, ServiceContainer, certificate_paths
from infra.components.service_container import run as run_container
from infra.components.workspace_server import WorkspaceServer
from infra.instance_service import COMPUTE_INSTANCE, INSTANCE_HOME
from infra.resources.connection_args import ServiceConnectionArgs
from infra.rules.computes.durations import duration_seconds
from infra.rules.computes.vm_sizes import find_vm_size
from infra.rules.resources import component_types
from infra.services import KEY_VAULT, STORAGE_ACCOUNT, Endpoint, Service
from infra.settings import ComputeSettings, WorkspaceSettings

ACCESS, IDLE_SECONDS = "access", "idle-seconds"
"""Live files: the token and credentials of the user; after how many idle seconds the instance stops."""

ACCOUNTS_CA = "storage-ca.crt"
"""CA certificate of another stack's storage account."""

_FOLDER = COMPUTE_INSTANCE.volumes["config"]
_MEMORY_SHARE = 0.75
"""What an instance may use of the machine's memory: the services of workspaces need the rest."""


class ComputeInstance(WorkspaceServer):
    """One compute instance.

    Owns: volumes (home folder of its user, configuration), one container. Does not own the token, which is one of the
    secrets of its user.
    Guarantees: only its user can log in; a rotated token ends all sessions with the next request; files of the home
    folder are deleted only with the stack, or if it allows that.

    Pulumi type: ``ml-workspace:machinelearningservices:ComputeInstance``
    Ready when:  ``GET /api`` returns 200; only a new container is waited for.
    """

    type_token = component_types.COMPUTE_INSTANCE
    services = (COMPUTE_INSTANCE,)

    def __init__(self, settings: ComputeSettings, workspace: WorkspaceSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(settings.name, settings, workspace, parent=parent)
        self._settings = settings

    def container_name(self, service: Service) -> str:
        """A workspace has several, with names of their own."""
        return f"{super().container_name(service)}-{self.resource_name.lower()}"

    def use(self, endpoint: Endpoint) -> str:
        """The use of its port; not an endpoint of the stack."""
        return f"{endpoint.use}.{self.resource_name.lower()}"

    def use_services(
        self,
        services: Sequence[ServiceComponent],
        account: InternalAddress,
        network: str,
        datastores: pulumi.Input[Mapping[str, str]],
    ) -> None:
        """Say what its user can use, before :meth:`run`.

        Args:
            services: Components of this stack.
            account: Address of the storage account, which another stack may own.
            network: Name of the stack's network.
            datastores: Containers of the datastores in that account, by name.
        """
        self._services, self._account, self._network, self._datastores = services, account, network, datastores

    def run(self, context: ProvisioningContext) -> pulumi.Output[str]:
        """Create the container, and wait until a new one is ready.

        Returns:
            The address for its user's browser.
        """
        container = run_container(self, self._container(context), context)
        addresses = self.ready(COMPUTE_INSTANCE, container, context)
        self.register_outputs({})
        return addresses[self.use(COMPUTE_INSTANCE.endpoints[0])]

    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """As :meth:`run`; it has no credentials of the stack."""
        self.run(context)
        return {}

    def _container(self, context: ProvisioningContext) -> ServiceContainer:
        image, place = service_images.table()[COMPUTE_INSTANCE.image], self._account
        tls, size = context.certificates is not None, find_vm_size(self._settings.vm_size)
        foreign_ca: dict[str, pulumi.Input[str]] = {ACCOUNTS_CA: place.ca_certificate} if place.network else {}
        seconds = duration_seconds(self._settings.idle_time_before_shutdown) or 0
        return ServiceContainer(
            service=COMPUTE_INSTANCE,
            command=[image.binary, f"--config={_FOLDER}/config.json"],
            files={"config.json": config(tls=tls, foreign_ca=bool(foreign_ca)), **foreign_ca},
            live_files={ACCESS: self._access(context), IDLE_SECONDS: f"{seconds}\n"},
            memory_mib=_memory_mib(size.memory_gib if size else 0, context.memory_mib),
            cpus=size.cpus if size else None,
            networks=[place.network] if place.network else [],
            may_stop=True,
        )

    def _access(self, context: ProvisioningContext) -> pulumi.Output[str]:
        user = next(one for one in context.principals if one.name == self._settings.assigned_user)
        endpoints = self._endpoints(tls=context.certificates is not None)
        tls = context.certificates is not None or bool(self._account.ca_certificate)
        given = pulumi.Output.all(user.secrets, user.storage_user, self._datastores)

        def written(known: Sequence[Any]) -> str:
            return access_file(user, known[0], known[1], endpoints, self.resource_name, datastores=known[2], tls=tls)

        return pulumi.Output.secret(given.apply(written))

    def _endpoints(self, *, tls: bool) -> dict[str, str]:
        """Addresses of the services by use, in the stack's network; of another stack's only its storage account."""
        scheme = "https" if tls else "http"
        found: dict[str, str] = {STORAGE_ACCOUNT.endpoints[0].use: self._account.url}
        for component in self._services:
            for service in component.services:
                name = component.container_name(service)
                host = f"{name}.{self._network}".lower() if tls else name
                for endpoint in service.endpoints:
                    address = f"{scheme}://{host}:{endpoint.port}" if endpoint.has_scheme else f"{host}:{endpoint.port}"
                    found.setdefault(component.use(endpoint), address)
        return found


def config(*, tls: bool, foreign_ca: bool = False) -> str:
    """The configuration of the server.

    Args:
        tls: Whether the stack's services have certificates.
        foreign_ca: Whether the storage account has a CA certificate of another stack.
    """
    authorities = [f"{_FOLDER}/{CA_CERTIFICATE}"] * tls + [f"{_FOLDER}/{ACCOUNTS_CA}"] * foreign_ca
    document: dict[str, Any] = {
        "port": COMPUTE_INSTANCE.endpoints[0].port,
        "home": INSTANCE_HOME,
        "access": f"{_FOLDER}/live/{ACCESS}",
        "idleSeconds": f"{_FOLDER}/live/{IDLE_SECONDS}",
        "tls": certificate_paths(_FOLDER) if tls else {},
        "certificateAuthorities": authorities,
    }
    return json.dumps(document, indent=2)


def access_file(
    user: Principal,
    secrets: Mapping[str, str],
    storage_user: str,
    endpoints: Mapping[str, str],
    instance: str,
    *,
    datastores: Mapping[str, str],
    tls: bool,
) -> str:
    """What the user gets: the token of the instance, logins, the variables of clients, and the datastores' containers.

    Args:
        user: The principal.
        secrets: Its secrets.
        storage_user: Its user name in the storage account.
        endpoints: Addresses by use, as the instance reaches them.
        instance: Name of the instance, also in its telemetry.
        datastores: Containers of the datastores that it shows, by name.
        tls: Whether any of the addresses needs a CA certificate, which the instance trusts.
    """
    credentials = _credentials(user, secrets, storage_user)
    # A user that can only pull has an endpoint of its own.
    registry = endpoints.get("registryReadOnly" if user.registry == "pull" else "registry")
    given = Access(
        endpoints={**endpoints, **({"registry": registry} if registry else {})},
        credentials=credentials,
        registry_scheme="https" if tls else "http",
        **({"ca_file": _TRUSTED, "ca_bundle": _TRUSTED} if tls else {}),
    )
    document: dict[str, Any] = {
        "user": user.name,
        "token": secrets[INSTANCES_KEY],
        "variables": variables(given, service_name=instance),
        "datastores": dict(datastores) if "storage" in credentials else {},
    }
    address = endpoints.get(KEY_VAULT.endpoints[0].use)
    if user.vault_policy and address:
        document["variables"]["VAULT_ADDR"] = address
        document["keyVault"] = {"address": address, "username": user.name, "password": secrets["keyVault"]}
    return json.dumps(document, indent=2)


_TRUSTED = Path("/tmp/jupyter/certificates.pem")  # noqa: S108 - of the container: what the instance trusts


def _credentials(user: Principal, secrets: Mapping[str, str], storage_user: str) -> dict[str, dict[str, str]]:
    """The user's credentials by service, without those of the key vault, where it logs in."""
    found: dict[str, dict[str, str]] = {}
    if user.storage_policy is not None:
        found["storage"] = {"accessKey": storage_user, "secretKey": secrets["storage"]}
    if user.registry != "none":
        found["registry"] = {"username": user.name, "password": secrets["registry"]}
    if user.telemetry:
        found["telemetry"] = {"token": secrets["telemetry"]}
    if user.reads_insights:
        found["insights"] = {"token": secrets["insights"]}
    if user.tracking is not None:
        found["tracking"] = {"username": user.name, "password": secrets["tracking"]}
    return found


def _memory_mib(size_gib: float, machine: pulumi.Output[int] | None) -> pulumi.Input[int]:
    """The memory of the size, or what the machine has for an instance if that is less."""
    wanted = int(size_gib * 1024)
    if machine is None:  # pragma: no cover - a stack with an instance knows it
        return wanted
    return machine.apply(lambda has: min(wanted or int(has), int(int(has) * _MEMORY_SHARE)))
