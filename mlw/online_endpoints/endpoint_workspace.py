"""What commands on online endpoints need of a stack: records, engine, the front, the caller's connections."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from infra import labels
from infra.clients.service_connection import ServiceConnection
from infra.clients.state import known_stacks
from infra.rules.computes.vm_sizes import VmSize, find_vm_size
from infra.rules.names.engine_names import physical_name
from mlw.assets.asset_access import artifact_container_of
from mlw.computes.machine import MIB_PER_GIB
from mlw.online_endpoints import endpoint_locks
from mlw.online_endpoints.deployment_engine import DeploymentEngine
from mlw.online_endpoints.deployment_instances import Limits
from mlw.online_endpoints.endpoint_errors import EndpointError, InferenceOffError
from mlw.online_endpoints.endpoint_records import Deployment, EndpointRecords
from mlw.tracking import tracking_access
from mlw.tracking.stored_snapshots import container_of

if TYPE_CHECKING:
    from pathlib import Path

    from mlw.environments.image_of import EnvironmentAccess
    from mlw.stacks.stacks import Stack
    from mlw.tracking.tracking_client import TrackingClient

Access = tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]

INFERENCE = "inference"
"""Key in the stack's output `endpoints`."""


@dataclass(frozen=True)
class EndpointWorkspace:
    """Online endpoints of one stack, with the rights of the stack or of a principal.

    Attributes:
        stack: A stack that is up.
        principal: None for the stack's own rights.
        say: Gets what is being done, and notices.
        held: Endpoints and credentials of the principal, where they are known.
    """

    stack: Stack
    principal: str | None
    say: Callable[[str], None]
    held: Access | None = field(default=None, repr=False)

    @property
    def user(self) -> str:
        """Who the caller is."""
        return self.principal or getpass.getuser()

    @property
    def record_id(self) -> str:
        """Resource id of the workspace."""
        return str(self.stack.workspace["id"])

    @cached_property
    def front(self) -> str:
        """Address of the front.

        Raises:
            InferenceOffError: There is none; the message says how to switch it on.
        """
        found = self.stack.require_outputs()["endpoints"].get(INFERENCE)
        if not found:
            raise InferenceOffError(
                f"using online endpoints of stack '{self.stack.name}': the workspace has no front for them. Add "
                f"`ml-workspace:inference: {{}}` below `config` in stacks/Pulumi.{self.stack.name}.yaml and run "
                f"`make up STACK={self.stack.name}`."
            )
        return str(found).rstrip("/")

    def scoring_uri(self, endpoint: str) -> str:
        """Where an endpoint is used."""
        return f"{self.front}/{endpoint}/score"

    @cached_property
    def _access(self) -> Access:
        """Endpoints and credentials, read once: decrypting them takes a second."""
        if self.held is not None:
            return self.held
        endpoints: Mapping[str, str] = self.stack.require_outputs()["endpoints"]
        if self.principal is None:
            return endpoints, self.stack.credentials()
        from mlw.client_environment.principal_access import access_of_principal  # noqa: PLC0415 - only for a principal

        return access_of_principal(self.stack, self.principal, endpoints)

    def _connection(self, service: str, scheme: str = "") -> ServiceConnection:
        endpoints, credentials = self._access
        if service not in credentials:
            raise EndpointError(
                f"using online endpoints of stack '{self.stack.name}' as principal '{self.principal}': its role "
                f"includes nothing of '{service}'. `mlw roles list` shows which roles do."
            )
        return ServiceConnection(
            endpoint=scheme + endpoints[service], credentials=credentials[service],
            ca_certificate=self.stack.ca_certificate,
        )  # fmt: skip

    @cached_property
    def connection(self) -> ServiceConnection:
        """The storage account."""
        return self._connection("storage")

    @property
    def key_vault(self) -> ServiceConnection:
        """The key vault."""
        return self._connection("keyVault")

    @cached_property
    def environments(self) -> EnvironmentAccess:
        """The registry and the registered environments."""
        from mlw.assets.asset_store import AssetStore  # noqa: PLC0415 - needs the storage account's client
        from mlw.client_environment.client_access import registry_scheme  # noqa: PLC0415 - only for an image
        from mlw.environments.image_of import EnvironmentAccess  # noqa: PLC0415 - likewise

        assets = AssetStore(self.connection, artifact_container_of(self.stack), user=self.user)
        return EnvironmentAccess(
            registry=self._connection("registry", f"{registry_scheme(self.stack)}://"), assets=assets
        )

    @cached_property
    def records(self) -> EndpointRecords:
        """The records."""
        from mlw.jobs.shared_documents import SharedDocuments  # noqa: PLC0415 - needs the storage account's client

        documents = SharedDocuments(self.connection, "onlineEndpoints")
        return EndpointRecords(documents, artifact_container_of(self.stack))

    @cached_property
    def engine(self) -> DeploymentEngine:
        """Containers and volumes."""
        outputs = self.stack.require_outputs()
        record: Mapping[str, str] = self.stack.workspace
        given = {
            labels.ID: self.stack.stack_id,
            labels.RESOURCE_ID: f"{record['id']}/onlineEndpoints",
            labels.STACK: self.stack.name,
            labels.MADE_BY: known_stacks.describe_origin(),
        }
        return DeploymentEngine(
            stack_id=self.stack.stack_id,
            workspace=physical_name(str(record["name"])),
            labels=given,
            network=physical_name(str(outputs["resourceGroup"]["name"])),
        )

    @cached_property
    def blob_container(self) -> str:
        """Container of the default blob store."""
        return container_of(self.stack)

    def tracking(self) -> TrackingClient:
        """Connect to the registry of models."""
        endpoints, credentials = self._access
        return tracking_access.client_of(
            self.stack.name, endpoints, credentials, principal=self.principal or "",
            ca_certificate=self.stack.ca_certificate,
        )  # fmt: skip

    @property
    def registry(self) -> str:
        """Host and port of the registry, as references of its images begin."""
        return self._access[0]["registry"]

    def located(self, deployment: Deployment) -> Deployment:
        """A deployment with the address that the registry has now; another one e.g. after a restore."""
        if deployment.registry in {"", self.registry}:
            return deployment
        image = self.registry + deployment.image.removeprefix(deployment.registry)
        return replace(deployment, image=image, registry=self.registry)

    def pull(self, reference: str) -> None:
        """Make sure that the engine has an image."""
        from infra.clients.engine import image_pulls  # noqa: PLC0415 - only where a container is made

        is_ours = reference.partition("/")[0] == self.registry
        if image_pulls.provide(reference, self.environments.registry.credentials if is_ours else None):
            self.say(f"pulled '{reference}'")

    def lock_of(self, endpoint: str) -> Path:
        """The lock of an endpoint."""
        return endpoint_locks.path_of(self.stack.context.home, self.stack.stack_id, endpoint)

    @contextmanager
    def changing(self, endpoint: str) -> Iterator[None]:
        """Be the only one that changes an endpoint."""
        with endpoint_locks.holding(self.lock_of(endpoint), endpoint, self.say):
            yield

    def interrupted(self) -> set[str]:
        """Names of endpoints of which a change has begun and not ended."""
        return endpoint_locks.interrupted(self.stack.context.home, self.stack.stack_id)

    def limits_of(self, size_name: str) -> Limits:
        """What an instance of a size may use on this machine; a notice if that is less."""
        machine = self.engine.machine()
        size = find_vm_size(size_name) or VmSize(size_name, machine.cpus, machine.memory_mib / MIB_PER_GIB)
        wanted = int(size.memory_gib * MIB_PER_GIB)
        found = Limits(cpus=min(size.cpus, machine.cpus), memory_mib=min(wanted, machine.memory_mib))
        if found.cpus < size.cpus or found.memory_mib < wanted:
            self.say(
                f"an instance gets {found.cpus:g} CPUs and {found.memory_mib / MIB_PER_GIB:.1f} GiB of memory, which "
                f"is what this machine has, and less than {size.name}"
            )
        return found
