"""Containers of jobs on the Docker engine: the runner's port `Engine`.

A job's container has no socket of the engine, no capabilities, no folder of the host, a limit of processes, and only
the stack's network. Its files are on a volume that is filled and read through the engine's API, so the engine may be on
another machine.
"""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from infra import labels
from infra.clients.engine.container_logs import FOLLOWING_SECONDS
from infra.clients.engine.docker_engine import REMOVAL_SECONDS, Connect, connect
from infra.errors import EngineError
from mlw.jobs import job_paths
from mlw.jobs.failure_reasons import PROCESSES
from mlw.jobs.job_log import END_BYTES
from mlw.jobs.ports import ContainerPlan, ContainerState, SourceFile
from mlw.jobs.tar_streams import ChunkReader, packed

if TYPE_CHECKING:
    import docker

_LOG_OPTIONS = {"max-size": "64m", "max-file": "3"}
"""A job that writes without end must not fill the engine's disk; the runner reads the log while it is written."""

_LAST_LINES = 1000
_STREAM_SECONDS = 600
_NEVER = "0001-"
_NANO = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class JobEngine:
    """Jobs of one stack.

    Attributes:
        stack_id: Identity of the stack.
        workspace: Name of the workspace; names of containers and volumes start with it.
        labels: Labels of every object of the stack.
        connect: Connects to the engine.
    """

    stack_id: str
    workspace: str
    labels: Mapping[str, str]
    connect: Connect = connect

    def name_of(self, job: str) -> str:
        """Name of container and volume."""
        return f"{self.workspace}-job-{job}"

    def state(self, job: str) -> ContainerState | None:
        """State of its container; None if there is none."""
        import docker  # noqa: PLC0415 - as in infra.clients

        with self._calling(f"looking for the container of job '{job}'") as client:
            try:
                found = client.api.inspect_container(self.name_of(job))
            except docker.errors.NotFound:
                return None
        self._require_own(found["Config"]["Labels"], job)
        return _state(found["State"], found["HostConfig"])

    def create(self, plan: ContainerPlan) -> None:
        """Create volume and container."""
        from docker.types import LogConfig  # noqa: PLC0415 - as in infra.clients

        name, given = self.name_of(plan.job), {**self.labels, labels.JOB: plan.job, labels.ROOT_JOB: plan.root}
        with self._calling(f"creating the container of job '{plan.job}'") as client:
            volume = client.api.create_volume(name, labels=given)
            self._require_own(volume.get("Labels") or {}, plan.job)
            cpus = min(plan.cpus, int(client.api.info()["NCPU"])) if plan.cpus else 0
            host = client.api.create_host_config(
                binds={name: {"bind": job_paths.MOUNT, "mode": "rw"}},
                network_mode=plan.networks[0] if plan.networks else "none",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                pids_limit=PROCESSES,
                nano_cpus=int(cpus * _NANO) or None,
                mem_limit=f"{plan.memory_mib}m" if plan.memory_mib else None,
                memswap_limit=f"{plan.memory_mib}m" if plan.memory_mib else None,
                shm_size=plan.shm_bytes or None,
                log_config=LogConfig(type="local", config=_LOG_OPTIONS),
            )
            client.api.create_container(
                plan.image, list(plan.command[1:]), entrypoint=[plan.command[0]], name=name, user="0:0",
                host_config=host, labels=given, hostname=plan.job[:63].strip("-_"),
            )  # fmt: skip
            for network in plan.networks[1:]:
                client.api.connect_container_to_network(name, network)

    def put(self, job: str, files: Iterable[SourceFile]) -> None:
        """Write files to the volume, and the folders above them."""
        with self._calling(f"copying files to the container of job '{job}'", _STREAM_SECONDS) as client:
            # requests streams an iterator; it would encode a list as a form.
            client.api.put_archive(self.name_of(job), job_paths.MOUNT, packed(files))

    def start(self, job: str) -> None:
        """Run the command."""
        with self._calling(f"starting the container of job '{job}'") as client:
            client.api.start(self.name_of(job))

    def log(self, job: str) -> Iterator[bytes]:
        """Output of the command from its beginning, until it ends."""
        with self._calling(f"reading the log of job '{job}'", FOLLOWING_SECONDS) as client:
            yield from client.api.logs(self.name_of(job), stream=True, follow=True, stdout=True, stderr=True)

    def log_end(self, job: str) -> bytes:
        """The last output of a command that has ended."""
        with self._calling(f"reading the log of job '{job}'") as client:
            lines = client.api.logs(self.name_of(job), stdout=True, stderr=True, tail=_LAST_LINES)
        return bytes(lines)[-END_BYTES:]

    def signal(self, job: str, signal: str) -> None:
        """Send a signal to the command; one that has ended is ignored."""
        import docker  # noqa: PLC0415 - as in infra.clients

        with self._calling(f"sending {signal} to job '{job}'") as client:
            try:
                client.api.kill(self.name_of(job), signal)
            except docker.errors.APIError as exc:
                if exc.status_code not in {404, 409}:
                    raise

    def take(self, job: str, folder: str) -> Iterator[tuple[str, int, BinaryIO]]:
        """Name, size and content of each file below a folder; nothing for a folder that the command removed."""
        import docker  # noqa: PLC0415 - as in infra.clients

        with self._calling(f"reading files of the container of job '{job}'", _STREAM_SECONDS) as client:
            try:
                chunks, _ = client.api.get_archive(self.name_of(job), f"{job_paths.MOUNT}/{folder}")
            except docker.errors.NotFound:
                return
            with tarfile.open(fileobj=ChunkReader(iter(chunks)), mode="r|") as tar:
                for member in tar:
                    content = tar.extractfile(member) if member.isreg() else None
                    if content:
                        yield member.name.partition("/")[2], member.size, cast("BinaryIO", content)

    def remove(self, job: str) -> None:
        """Remove container and volume; missing ones, and those of others, are left alone."""
        import docker  # noqa: PLC0415 - as in infra.clients

        name = self.name_of(job)
        with self._calling(f"removing the container of job '{job}'", REMOVAL_SECONDS) as client:
            with contextlib.suppress(docker.errors.NotFound):
                if labels.belongs_to(client.api.inspect_container(name)["Config"]["Labels"], self.stack_id):
                    client.api.remove_container(name, force=True, v=True)
            with contextlib.suppress(docker.errors.NotFound):
                if labels.belongs_to(client.api.inspect_volume(name).get("Labels") or {}, self.stack_id):
                    client.api.remove_volume(name)

    def jobs(self) -> dict[str, str]:
        """Name of every job that has a container or a volume, to its root."""
        own = {"label": [f"{labels.ID}={self.stack_id}", labels.JOB]}
        with self._calling("listing the containers of jobs") as client:
            containers = client.api.containers(all=True, filters=own)
            volumes = client.api.volumes(filters=own)["Volumes"] or []
        found = [one["Labels"] for one in (*containers, *volumes)]
        return {one[labels.JOB]: one.get(labels.ROOT_JOB) or one[labels.JOB] for one in found}

    def _require_own(self, found: Mapping[str, str], job: str) -> None:
        if not labels.belongs_to(found, self.stack_id):
            raise EngineError(
                f"running job '{job}': the engine has another object '{self.name_of(job)}' "
                f"({labels.describe_owner(found)}). Give the job another name."
            )

    @contextmanager
    def _calling(self, doing: str, seconds: float = 60.0) -> Iterator[docker.DockerClient]:
        import docker  # noqa: PLC0415 - as in infra.clients
        import requests  # noqa: PLC0415 - same
        import urllib3  # noqa: PLC0415 - same

        with self.connect(timeout_seconds=seconds) as client:
            try:
                yield client
            except docker.errors.APIError as exc:
                raise EngineError(f"{doing}: the engine returned an error ({exc.explanation or exc}).") from exc
            except (urllib3.exceptions.HTTPError, requests.exceptions.ChunkedEncodingError, tarfile.TarError) as exc:
                raise EngineError(f"{doing}: the connection to the engine ended ({type(exc).__name__}).") from exc


def _state(found: Mapping[str, Any], host: Mapping[str, Any]) -> ContainerState:
    ended = str(found.get("FinishedAt") or _NEVER)
    started = str(found.get("StartedAt") or _NEVER)
    was_started = not started.startswith(_NEVER)
    return ContainerState(
        status=str(found["Status"]),
        was_started=was_started,
        exit_code=int(found.get("ExitCode") or 0),
        is_out_of_memory=bool(found.get("OOMKilled")),
        memory_mib=int(host.get("Memory") or 0) >> 20,
        cpus=int(host.get("NanoCpus") or 0) / _NANO,
        started_at=started if was_started else "",
        ended_at="" if found.get("Running") or ended.startswith(_NEVER) else ended,
        started=datetime.fromisoformat(started[:19] + "+00:00") if was_started else None,
    )
