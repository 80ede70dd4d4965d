"""What a job may use: the limits of its compute, the addresses of the services, and the compute's own credentials.

The credentials are those of the compute's principal, never those of the submitter or of the stack.
"""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.client_variables import BUNDLES, variables
from infra.clients.engine.attached_engine import AttachedEngine
from infra.clients.key_vault import vault_principals
from infra.clients.key_vault.vault import Vault
from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_key_vault
from mlw.client_environment.trusted_certificates import trusted_here
from mlw.computes import attached_computes
from mlw.computes.compute_access import ComputeAccess, credentials_of
from mlw.computes.workspace_computes import Compute, NoSuchComputeError, find_compute
from mlw.jobs import compute_connections, job_paths
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.compute_data import ComputeData
from mlw.jobs.ports import JobRights, SourceFile, TrackedRun
from mlw.stacks.stacks import Stack, open_stack

_PYTHON, LOW_PRIORITY = ".py", "LowPriority"
_FRESH_SECONDS = 60.0
"""How long what was read of a stack is used; reading the credentials takes half a second."""

_CA_FILE, _CA_BUNDLE = f"{job_paths.CONTROL}/ca.pem", f"{job_paths.CONTROL}/ca-bundle.pem"


@dataclass
class _Known:
    """A compute with its access, and when it was read."""

    compute: Compute
    access: ComputeAccess
    at: float


@dataclass
class JobAccess:
    """What the jobs of a stack get: the runner's port `Access`.

    Attributes:
        stack: Name of the stack.
    """

    stack: str
    _known: dict[str, _Known] = field(default_factory=dict)
    _computes: dict[str, tuple[Compute | None, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rights_of(self, job: CommandJob, run: TrackedRun) -> JobRights:
        """The rights of one job.

        Raises:
            NoSuchComputeError: The compute was removed.
            ServiceError: The key vault does not respond.
        """
        stack, known = self._read(job.compute)
        access = known.access.on_other_engine() if known.compute.is_attached else known.access
        given = access.in_container(_in_container(_CA_FILE), _in_container(_CA_BUNDLE))
        found = {**_of_azure(stack, job, run), **variables(given, service_name=service_name(job))}
        found |= dict.fromkeys(BUNDLES, str(_in_container(_CA_BUNDLE)))
        if run.run_id:
            # mlflow.log_metric() without any other call continues this run.
            found |= {"MLFLOW_RUN_ID": run.run_id, "MLFLOW_EXPERIMENT_ID": run.experiment_id}
            found |= {"MLFLOW_EXPERIMENT_NAME": job.experiment}
        return JobRights(
            variables=found,
            files=(*_certificates(known.access), *_token(found)),
            networks=access.networks,
            cpus=known.compute.cpus,
            memory_mib=known.compute.memory_mib,
            notices=known.compute.notices,
        )

    def data_of(self, job: CommandJob) -> ComputeData:
        """The storage account with the keys of a job's compute."""
        stack, known = self._read(job.compute)
        return compute_connections.data_of(stack, known.compute, known.access)

    def registry_of(self, job: CommandJob) -> ServiceConnection:
        """The registry with the login of a job's compute."""
        _, known = self._read(job.compute)
        return compute_connections.registry_of(known.compute, known.access)

    def extend(self, job: CommandJob, token: str) -> None:
        """Extend the login of a job to the key vault.

        Raises:
            ServiceError: The key vault rejects it: the credentials of the compute were replaced, or it was removed.
        """
        _, known = self._read(job.compute)
        address = known.access.on_host["keyVault"]
        connection = ServiceConnection(
            endpoint=address, credentials={"token": token}, ca_certificate=known.access.ca_certificate
        )
        with at_key_vault(address, f"extending the login of job '{job.name}'"):
            vault_principals.extend(Vault(connection))

    def read(self, compute: str) -> None:
        """Read the credentials of a compute, so that the next job of it need not."""
        self._read(compute)

    def names(self) -> list[str]:
        """Names of the computes."""
        return [str(one["name"]) for one in open_stack(self.stack).require_outputs().get("computes") or ()]

    def forget(self, compute: str) -> None:
        """Read the credentials of a compute again next time."""
        with self._lock:
            self._known.pop(compute.lower(), None)

    def nodes_of(self, compute: str) -> int:
        """Maximum number of nodes of a compute; one for a compute that was removed, whose jobs say so."""
        found = self._compute(compute)
        return found.max_nodes if found else 1

    def attached(self, compute: str) -> AttachedEngine | None:
        """The engine of a compute, if it is attached."""
        found = self._compute(compute)
        return attached_computes.engine_of(open_stack(self.stack), found) if found and found.is_attached else None

    def yields(self, compute: str) -> bool:
        """Whether jobs of a compute wait for those of others."""
        found = self._compute(compute) if compute.strip("-") else None
        return bool(found and found.priority == LOW_PRIORITY)

    def _compute(self, name: str) -> Compute | None:
        found, at = self._computes.get(name, (None, -_FRESH_SECONDS))
        if time.monotonic() - at >= _FRESH_SECONDS:
            try:
                found = find_compute(open_stack(self.stack), name)
            except NoSuchComputeError:
                found = None
            self._computes[name] = found, time.monotonic()
        return found

    def _read(self, name: str) -> tuple[Stack, _Known]:
        with self._lock:
            stack, known = open_stack(self.stack), self._known.get(name.lower())
            if known is None or time.monotonic() - known.at > _FRESH_SECONDS:
                compute = find_compute(stack, name)
                known = _Known(compute, credentials_of(stack, compute), time.monotonic())
                self._known[name.lower()] = known
            return stack, known


def service_name(job: CommandJob) -> str:
    """Name of a job in its telemetry: of the first Python file that it names, otherwise its display name."""
    try:
        words = shlex.split(job.command)
    except ValueError:
        words = job.command.split()
    script = next((word for word in words if word.endswith(_PYTHON)), "")
    return script.rpartition("/")[2].removesuffix(_PYTHON) or job.display_name or job.name


def _of_azure(stack: Stack, job: CommandJob, run: TrackedRun) -> dict[str, str]:
    record = stack.workspace
    segments = str(record["id"]).split("/")
    return {
        "AZUREML_RUN_ID": job.name,
        "AZUREML_ROOT_RUN_ID": job.parent or job.name,
        "AZUREML_ARM_SUBSCRIPTION": segments[2],
        "AZUREML_ARM_RESOURCEGROUP": segments[4],
        "AZUREML_ARM_WORKSPACE_NAME": str(record["name"]),
        "AZUREML_ARM_PROJECT_NAME": job.experiment,
        "AZUREML_WORKSPACE_ID": str(record["workspaceId"]),
        "AZUREML_EXPERIMENT_ID": run.experiment_id,
        "AZUREML_COMPUTE": job.compute,
    }


def _token(variables: Mapping[str, str]) -> tuple[SourceFile, ...]:
    """The token of the key vault once more, for the runner; see :data:`mlw.jobs.job_paths.VAULT_TOKEN`."""
    token = variables.get("VAULT_TOKEN", "").encode()
    return (SourceFile(name=job_paths.VAULT_TOKEN, size=len(token), content=(token,), mode=0o600),) if token else ()


def _in_container(name: str) -> Path:
    return Path(job_paths.MOUNT) / name


def _certificates(access: ComputeAccess) -> tuple[SourceFile, ...]:
    """What a job trusts: what this machine does, e.g. a proxy that pip goes through, and the stack's own authority."""
    ours = access.ca_certificate.strip()
    contents = {_CA_BUNDLE: "\n".join(filter(None, (ours, trusted_here()))) + "\n"}
    if ours:
        contents[_CA_FILE] = ours
    encoded = ((name, text.encode()) for name, text in contents.items())
    return tuple(SourceFile(name=name, size=len(text), content=(text,), mode=0o444) for name, text in encoded)
