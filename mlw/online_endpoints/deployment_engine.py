"""Containers and volumes of deployments on the Docker engine.

An instance is a container without capabilities, without the engine's socket, with a read-only root and no published
port; only the front reaches it, in the network of the stack. Those of local deployments are published instead. All
instances of a revision share one volume with model, code and settings, which none of them can change.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra import labels
from infra.clients.engine.docker_engine import REMOVAL_SECONDS, connect
from infra.errors import EngineError
from infra.labels import ONLINE_ENDPOINT
from mlw.computes.machine import Machine, machine_of
from mlw.cost import usage_outside_states
from mlw.jobs.failure_reasons import PROCESSES
from mlw.jobs.ports import SourceFile
from mlw.jobs.tar_streams import packed
from mlw.online_endpoints import serving_files
from mlw.online_endpoints.deployment_instances import (
    INSTANCE,
    Instance,
    InstanceState,
    Limits,
    execute,
    instance_of,
    labels_of,
)
from mlw.online_endpoints.endpoint_records import Deployment

if TYPE_CHECKING:
    import docker

PORT = 5001
_HOST = "127.0.0.1"
_LOG_OPTIONS = {"max-size": "16m", "max-file": "3"}
_STREAM_SECONDS = 600
_MARGIN_SECONDS = 30.0
_NANO = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentEngine:
    """Deployments of one stack.

    Attributes:
        stack_id: Identity of the stack.
        workspace: Name of the workspace; names of containers and volumes start with it.
        labels: Labels of every object of the stack.
        network: The engine's network that the front is in.
        label: The label that has the name of an endpoint.
        is_published: Whether instances listen at a port of this machine, on 127.0.0.1.
    """

    stack_id: str
    workspace: str
    labels: Mapping[str, str]
    network: str
    label: str = ONLINE_ENDPOINT
    is_published: bool = False

    def machine(self) -> Machine:
        """The engine's machine."""
        with self._calling("reading the size of the engine's machine") as client:
            return machine_of(client.api.info())

    def volume_of(self, deployment: Deployment) -> str:
        """Name of the volume of a revision."""
        return f"{self.workspace}-endpoint-{deployment.endpoint}-{deployment.name}-{deployment.revision}"

    def instance_of(self, deployment: Deployment, number: int) -> str:
        """Name of a container."""
        return f"{self.volume_of(deployment)}-{number}"

    def upstreams_of(self, deployment: Deployment) -> list[str]:
        """Addresses of all instances, as the front reaches them."""
        return [f"{self._alias(deployment, number)}:{PORT}" for number in range(deployment.instance_count)]

    def _alias(self, deployment: Deployment, number: int) -> str:
        # A container's name is too long for DNS.
        text = "/".join((self.stack_id, deployment.endpoint, deployment.name, deployment.revision))
        return f"e{hashlib.sha256(text.encode()).hexdigest()[:16]}-{number}"

    def fill(self, deployment: Deployment, files: Iterable[SourceFile], collector: str = "") -> None:
        """Make the volume of a revision, with its files.

        Args:
            deployment: The deployment.
            files: Its files.
            collector: User of the storage account that collects its data; empty for none.
        """
        name, filler = self.volume_of(deployment), f"{self.volume_of(deployment)}-files"
        given = {**self.labels, **labels_of(deployment, self.label)}
        if collector:
            given[labels.COLLECTOR] = collector
        with self._calling(f"copying the files of {deployment.title}", _STREAM_SECONDS) as client:
            self._require_own(client.api.create_volume(name, labels=given).get("Labels") or {}, name)
            # The engine writes to a volume through a container that may write to it; this one never runs.
            host = client.api.create_host_config(binds={name: {"bind": serving_files.MOUNT}}, network_mode="none")
            client.api.create_container(deployment.image, ["-"], name=filler, host_config=host, labels=given)
            try:
                client.api.put_archive(filler, serving_files.MOUNT, packed(files))
            finally:
                client.api.remove_container(filler, force=True)

    def create(self, deployment: Deployment, number: int, limits: Limits) -> None:
        """Create and start a container; it is not started again if it ends, until :meth:`keep_running`."""
        from docker.types import LogConfig  # noqa: PLC0415 - as in infra.clients

        name, user = self.instance_of(deployment, number), f"{serving_files.USER}:{serving_files.USER}"
        with self._calling(f"starting {deployment.title}") as client:
            host = client.api.create_host_config(
                binds={self.volume_of(deployment): {"bind": serving_files.MOUNT, "mode": "ro"}},
                network_mode=self.network,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                read_only=True,
                tmpfs={"/tmp": "rw,nosuid,nodev,mode=1777"},  # noqa: S108 - of this container alone
                pids_limit=PROCESSES,
                nano_cpus=int(limits.cpus * _NANO),
                mem_limit=f"{limits.memory_mib}m",
                memswap_limit=f"{limits.memory_mib}m",
                log_config=LogConfig(type="local", config=_LOG_OPTIONS),
                port_bindings={PORT: (_HOST, None)} if self.is_published else None,
            )
            endpoint = client.api.create_endpoint_config(aliases=[self._alias(deployment, number)])
            client.api.create_container(
                deployment.image, serving_files.command()[1:], entrypoint=serving_files.command()[:1], name=name,
                user=user, host_config=host, environment=serving_files.IN_DEFINITION, working_dir="/tmp",  # noqa: S108
                labels={**self.labels, **labels_of(deployment, self.label), INSTANCE: str(number)},
                networking_config=client.api.create_networking_config({self.network: endpoint}),  # type: ignore[arg-type]
                ports=[PORT] if self.is_published else None,
            )  # fmt: skip
            client.api.start(name)

    def wait(self, name: str, wanted: str, seconds: float) -> bool:
        """Wait until the server in a container is `ready`, or `drained`; false if the container ends meanwhile.

        Args:
            name: The container.
            wanted: See above.
            seconds: How long at most.
        """
        with self._calling(f"waiting for container '{name}'", seconds + _MARGIN_SECONDS) as client:
            return execute(client, name, serving_files.probe_command(wanted, seconds)) is not None

    def wait_for_end(self, name: str, seconds: float) -> None:
        """Wait until a container has ended; after so many seconds, or if there is none, return anyway."""
        import docker  # noqa: PLC0415 - as in infra.clients
        import requests  # noqa: PLC0415 - same

        with (
            self._calling(f"waiting for the end of container '{name}'") as client,
            contextlib.suppress(
                docker.errors.NotFound, requests.exceptions.Timeout, requests.exceptions.ConnectionError
            ),
        ):
            client.api.wait(name, timeout=seconds)  # type: ignore[arg-type]  # requests takes fractions

    def state(self, name: str) -> InstanceState | None:
        """State of a container; None if there is none."""
        import docker  # noqa: PLC0415 - as in infra.clients

        with self._calling(f"looking for container '{name}'") as client:
            try:
                found = client.api.inspect_container(name)["State"]
            except docker.errors.NotFound:
                return None
        return InstanceState(
            status=str(found["Status"]), exit_code=int(found["ExitCode"]), is_out_of_memory=bool(found["OOMKilled"])
        )

    def address(self, name: str) -> str:
        """Where an instance listens on this machine; empty if it does not run."""
        import docker  # noqa: PLC0415 - as in infra.clients

        with self._calling(f"looking for container '{name}'") as client:
            try:
                found = client.api.inspect_container(name)["NetworkSettings"]["Ports"].get(f"{PORT}/tcp")
            except docker.errors.NotFound:
                return ""
        return f"http://{_HOST}:{found[0]['HostPort']}" if found else ""

    def keep_running(self, name: str) -> None:
        """Have the engine start a container again whenever it ends."""
        with self._calling(f"changing container '{name}'") as client:
            client.api.update_container(name, restart_policy={"Name": "unless-stopped"})  # type: ignore[arg-type]

    def start(self, name: str) -> None:
        """Start a container that has ended."""
        with self._calling(f"starting container '{name}'") as client:
            client.api.start(name)

    def log(self, name: str, lines: int) -> str:
        """The last lines that a container has written."""
        import docker  # noqa: PLC0415 - as in infra.clients

        with self._calling(f"reading the log of container '{name}'") as client:
            try:
                found = client.api.logs(name, stdout=True, stderr=True, tail=lines)
            except docker.errors.NotFound:
                return ""
        return bytes(found).decode("utf-8", "replace")

    def remove(self, name: str, *, grace_seconds: float = 0) -> None:
        """Stop and remove a container; a missing one, and that of others, is left alone."""
        import docker  # noqa: PLC0415 - as in infra.clients

        with (
            self._calling(f"removing container '{name}'", REMOVAL_SECONDS) as client,
            contextlib.suppress(docker.errors.NotFound),
        ):
            details = client.api.inspect_container(name)
            if labels.belongs_to(details["Config"]["Labels"], self.stack_id):
                if grace_seconds:
                    client.api.stop(name, timeout=int(grace_seconds))
                usage_outside_states.note_removal(self.stack_id, details)
                client.api.remove_container(name, force=True, v=True)

    def collected(self, name: str) -> dict[str, int]:
        """Counts of the collector in a container; empty if it does not tell them."""
        with self._calling(f"asking the collector of container '{name}'") as client:
            return json.loads(execute(client, name, serving_files.collected_command()) or "{}")  # type: ignore[no-any-return]

    def remove_volume(self, name: str, revoke: Callable[[str], None]) -> None:
        """Remove a volume; a missing one, and that of others, is left alone.

        Args:
            name: The volume.
            revoke: Called before that with the user that collects data, if the volume has one.
        """
        import docker  # noqa: PLC0415 - as in infra.clients

        with (
            self._calling(f"removing volume '{name}'", REMOVAL_SECONDS) as client,
            contextlib.suppress(docker.errors.NotFound),
        ):
            found = client.api.inspect_volume(name).get("Labels") or {}
            if labels.belongs_to(found, self.stack_id):
                if collector := found.get(labels.COLLECTOR):
                    revoke(collector)
                client.api.remove_volume(name)

    def instances(self, endpoint: str = "") -> list[Instance]:
        """All containers of deployments, also those that have ended; of one endpoint if it is named."""
        with self._calling("listing the containers of deployments") as client:
            found = client.api.containers(all=True, filters=self._own(endpoint))
        return [instance_of(one, self.label) for one in found]

    def volumes(self, endpoint: str = "") -> dict[str, tuple[str, str, str]]:
        """Names of all volumes of deployments, to endpoint, deployment and revision."""
        with self._calling("listing the volumes of deployments") as client:
            found = client.api.volumes(filters=self._own(endpoint))["Volumes"] or []
        keys = (self.label, labels.ONLINE_DEPLOYMENT, labels.REVISION)
        return {one["Name"]: tuple(str(one["Labels"].get(key, "")) for key in keys) for one in found}  # type: ignore[misc]

    def _own(self, endpoint: str) -> dict[str, list[str]]:
        wanted = f"{self.label}={endpoint}" if endpoint else self.label
        return {"label": [f"{labels.ID}={self.stack_id}", wanted]}

    def _require_own(self, found: Mapping[str, str], name: str) -> None:
        if not labels.belongs_to(found, self.stack_id):
            raise EngineError(
                f"creating volume '{name}': the engine has another object of this name "
                f"({labels.describe_owner(found)}). Give the deployment another name."
            )

    @contextmanager
    def _calling(self, doing: str, seconds: float = 60.0) -> Iterator[docker.DockerClient]:
        import docker  # noqa: PLC0415 - as in infra.clients
        import requests  # noqa: PLC0415 - same
        import urllib3  # noqa: PLC0415 - same

        with connect(timeout_seconds=seconds) as client:
            try:
                yield client
            except docker.errors.APIError as exc:
                raise EngineError(f"{doing}: the engine returned an error ({exc.explanation or exc}).") from exc
            except (urllib3.exceptions.HTTPError, requests.exceptions.ChunkedEncodingError) as exc:
                raise EngineError(f"{doing}: the connection to the engine ended ({type(exc).__name__}).") from exc
