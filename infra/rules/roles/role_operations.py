"""Operations on a workspace's data, by Azure's names; a role is a set of them.

Only operations that have an effect here are listed: a role with any other would silently do nothing. `data` separates
Azure's data operations (`DataActions`) from the others (`Actions`), as in Azure's own role definitions. Sources:
Azure's resource provider operations (role-based-access-control/permissions), M7 (roles of a workspace), M11 (Azure's
Reader reads datastore credentials; not here).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

_ML = "Microsoft.MachineLearningServices/workspaces"
_KEY_VAULT = "Microsoft.KeyVault/vaults"
_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
_REGISTRY = "Microsoft.ContainerRegistry/registries"

WORKSPACE_READ = f"{_ML}/read"
WORKSPACE_WRITE = f"{_ML}/write"
DATASTORES_READ = f"{_ML}/datastores/read"
DATASTORES_LIST_SECRETS = f"{_ML}/datastores/listSecrets/action"
COMPUTES_READ = f"{_ML}/computes/read"
COMPUTES_WRITE = f"{_ML}/computes/write"
COMPUTES_DELETE = f"{_ML}/computes/delete"
COMPUTES_LIST_KEYS = f"{_ML}/computes/listKeys/action"
COMPUTES_START = f"{_ML}/computes/start/action"
COMPUTES_STOP = f"{_ML}/computes/stop/action"
COMPUTES_RESTART = f"{_ML}/computes/restart/action"
JOBS_READ = f"{_ML}/jobs/read"
JOBS_WRITE = f"{_ML}/jobs/write"
JOBS_DELETE = f"{_ML}/jobs/delete"
SCHEDULES_READ = f"{_ML}/schedules/read"
SCHEDULES_WRITE = f"{_ML}/schedules/write"
SCHEDULES_DELETE = f"{_ML}/schedules/delete"
DATA_READ = f"{_ML}/data/versions/read"
DATA_WRITE = f"{_ML}/data/versions/write"
DATA_DELETE = f"{_ML}/data/versions/delete"
ENVIRONMENTS_READ = f"{_ML}/environments/versions/read"
ENVIRONMENTS_WRITE = f"{_ML}/environments/versions/write"
ENVIRONMENTS_DELETE = f"{_ML}/environments/versions/delete"
COMPONENTS_READ = f"{_ML}/components/versions/read"
COMPONENTS_WRITE = f"{_ML}/components/versions/write"
COMPONENTS_DELETE = f"{_ML}/components/versions/delete"
ONLINE_ENDPOINTS_READ = f"{_ML}/onlineEndpoints/read"
ONLINE_ENDPOINTS_WRITE = f"{_ML}/onlineEndpoints/write"
ONLINE_ENDPOINTS_DELETE = f"{_ML}/onlineEndpoints/delete"
ONLINE_ENDPOINTS_SCORE = f"{_ML}/onlineEndpoints/score/action"
BATCH_ENDPOINTS_READ = f"{_ML}/batchEndpoints/read"
BATCH_ENDPOINTS_WRITE = f"{_ML}/batchEndpoints/write"
BATCH_ENDPOINTS_DELETE = f"{_ML}/batchEndpoints/delete"
BATCH_ENDPOINTS_INVOKE = f"{_ML}/batchEndpoints/jobs/write"
ARTIFACTS_READ = f"{_ML}/metadata/artifacts/read"
ARTIFACTS_WRITE = f"{_ML}/metadata/artifacts/write"
SECRETS_READ_METADATA = f"{_KEY_VAULT}/secrets/readMetadata/action"
SECRETS_GET = f"{_KEY_VAULT}/secrets/getSecret/action"
SECRETS_SET = f"{_KEY_VAULT}/secrets/setSecret/action"
SECRETS_UPDATE = f"{_KEY_VAULT}/secrets/update/action"
SECRETS_DELETE = f"{_KEY_VAULT}/secrets/delete"
SECRETS_RECOVER = f"{_KEY_VAULT}/secrets/recover/action"
SECRETS_PURGE = f"{_KEY_VAULT}/secrets/purge/action"
CERTIFICATES_READ = f"{_KEY_VAULT}/certificates/read"
CERTIFICATES_CREATE = f"{_KEY_VAULT}/certificates/create/action"
CONTAINERS_READ = f"{_CONTAINERS}/read"
CONTAINERS_WRITE = f"{_CONTAINERS}/write"
CONTAINERS_DELETE = f"{_CONTAINERS}/delete"
BLOBS_READ = f"{_CONTAINERS}/blobs/read"
BLOBS_WRITE = f"{_CONTAINERS}/blobs/write"
BLOBS_DELETE = f"{_CONTAINERS}/blobs/delete"
BLOBS_DELETE_VERSION = f"{_CONTAINERS}/blobs/deleteBlobVersion/action"
IMAGES_PULL = f"{_REGISTRY}/pull/read"
IMAGES_PUSH = f"{_REGISTRY}/push/write"
IMAGES_DELETE = f"{_REGISTRY}/artifacts/delete"
EXPERIMENTS_READ = f"{_ML}/experiments/read"
EXPERIMENTS_WRITE = f"{_ML}/experiments/write"
EXPERIMENTS_DELETE = f"{_ML}/experiments/delete"
RUNS_READ = f"{_ML}/runs/read"
RUNS_WRITE = f"{_ML}/runs/write"
RUNS_DELETE = f"{_ML}/runs/delete"
MODELS_READ = f"{_ML}/models/read"
MODELS_WRITE = f"{_ML}/models/write"
MODELS_DELETE = f"{_ML}/models/delete"
TELEMETRY_WRITE = "Microsoft.Insights/Telemetry/Write"
TELEMETRY_QUERY = "Microsoft.Insights/Components/Query/Read"


class Service(StrEnum):
    """The service that performs an operation, by its section in the stack file. Not Azure's resource provider."""

    KEY_VAULT = "keyVault"
    STORAGE = "storageAccount"
    REGISTRY = "containerRegistry"
    TELEMETRY = "applicationInsights"
    TRACKING = "tracking"
    COMPUTES = "computes"
    INFERENCE = "inference"


def role_services(*, tracking: bool, computes: bool, inference: bool = False) -> list[Service]:
    """The services of a stack that roles apply to.

    Args:
        tracking: Whether it has a tracking server.
        computes: Whether it has computes, and so jobs and their assets.
        inference: Whether it has a front of online endpoints.
    """
    optional = {Service.TRACKING: tracking, Service.COMPUTES: computes, Service.INFERENCE: inference}
    return [service for service in Service if optional.get(service, True)]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        service: The service that performs it.
        data: True if it is a data operation in Azure.
        meaning: What it allows here.
    """

    service: Service
    data: bool
    meaning: str


def _action(service: Service, meaning: str) -> Operation:
    return Operation(service, data=False, meaning=meaning)


def _data_action(service: Service, meaning: str) -> Operation:
    return Operation(service, data=True, meaning=meaning)


_VAULT, _STORE, _IMAGES = Service.KEY_VAULT, Service.STORAGE, Service.REGISTRY

OPERATIONS: Mapping[str, Operation] = {
    WORKSPACE_READ: _action(_STORE, "read the workspace record, `workspace.json` in the artifact store"),
    WORKSPACE_WRITE: _action(_STORE, "write and delete the workspace record"),
    DATASTORES_READ: _action(_VAULT, "list the datastores, without their credentials"),
    DATASTORES_LIST_SECRETS: _action(_VAULT, "read the credentials of every datastore"),
    COMPUTES_READ: _action(_VAULT, "list computes, and the secrets under `computes/` without their values"),
    COMPUTES_WRITE: _action(_VAULT, "create and change computes, write and recover secrets under `computes/`"),
    COMPUTES_DELETE: _action(_VAULT, "delete computes, and secrets under `computes/` recoverably"),
    COMPUTES_LIST_KEYS: _action(_VAULT, "read the values of secrets under `computes/`"),
    ARTIFACTS_READ: _action(_STORE, "list and read the artifact store"),
    ARTIFACTS_WRITE: _action(_STORE, "write to the artifact store, except the workspace record"),
    SECRETS_READ_METADATA: _data_action(_VAULT, "list secrets with their versions, expiry and content type"),
    SECRETS_GET: _data_action(_VAULT, "read values of secrets"),
    SECRETS_SET: _data_action(_VAULT, "write values of secrets"),
    SECRETS_UPDATE: _data_action(_VAULT, "change expiry, content type and other custom metadata of secrets"),
    SECRETS_DELETE: _data_action(_VAULT, "delete secrets, recoverably"),
    SECRETS_RECOVER: _data_action(_VAULT, "recover deleted secrets"),
    SECRETS_PURGE: _data_action(_VAULT, "permanently delete secrets, unless purge protection is on"),
    CERTIFICATES_READ: _data_action(_VAULT, "list and read certificates, without private keys"),
    CERTIFICATES_CREATE: _data_action(_VAULT, "request certificates"),
    CONTAINERS_READ: _action(_STORE, "list the containers and their locations"),
    CONTAINERS_WRITE: _action(_STORE, "create containers"),
    CONTAINERS_DELETE: _action(_STORE, "delete empty containers"),
    BLOBS_READ: _data_action(_STORE, "list and read blobs and files in every container except those of sharers"),
    BLOBS_WRITE: _data_action(_STORE, "write blobs and files in every such container, except the workspace record"),
    BLOBS_DELETE: _data_action(_STORE, "delete blobs and files, recoverably if the container is versioned"),
    BLOBS_DELETE_VERSION: _data_action(_STORE, "permanently delete versions of blobs"),
    IMAGES_PULL: _action(_IMAGES, "pull images and other artifacts"),
    IMAGES_PUSH: _action(_IMAGES, "push images and other artifacts"),
    IMAGES_DELETE: _action(_IMAGES, "delete images and other artifacts"),
    TELEMETRY_WRITE: _data_action(Service.TELEMETRY, "send traces, metrics and logs"),
    TELEMETRY_QUERY: _action(Service.TELEMETRY, "query traces, metrics and logs"),
    EXPERIMENTS_READ: _action(Service.TRACKING, "list and read experiments"),
    EXPERIMENTS_WRITE: _action(Service.TRACKING, "create, rename, tag and restore experiments"),
    EXPERIMENTS_DELETE: _action(Service.TRACKING, "delete experiments, recoverably"),
    RUNS_READ: _action(Service.TRACKING, "list and read runs with their metrics, parameters, tags and artifacts"),
    RUNS_WRITE: _action(Service.TRACKING, "create and change runs, log metrics, parameters, tags and artifacts"),
    RUNS_DELETE: _action(Service.TRACKING, "delete runs, recoverably"),
    MODELS_READ: _action(Service.TRACKING, "list and read registered models and their versions"),
    MODELS_WRITE: _action(Service.TRACKING, "register models and versions, change their tags, aliases and stages"),
    MODELS_DELETE: _action(Service.TRACKING, "delete registered models and versions"),
    COMPUTES_START: _action(Service.COMPUTES, "start compute instances, and have one of your own"),
    COMPUTES_STOP: _action(Service.COMPUTES, "stop compute instances"),
    COMPUTES_RESTART: _action(Service.COMPUTES, "restart compute instances"),
    JOBS_READ: _action(Service.COMPUTES, "list and read jobs"),
    JOBS_WRITE: _action(Service.COMPUTES, "create, change, cancel, archive and restore jobs"),
    JOBS_DELETE: _action(Service.COMPUTES, "delete the records of jobs"),
    SCHEDULES_READ: _action(Service.COMPUTES, "list and read schedules"),
    SCHEDULES_WRITE: _action(Service.COMPUTES, "create, change, enable, disable and run schedules"),
    SCHEDULES_DELETE: _action(Service.COMPUTES, "delete schedules"),
    DATA_READ: _action(Service.COMPUTES, "list and read data assets"),
    DATA_WRITE: _action(Service.COMPUTES, "create, archive and restore data assets"),
    DATA_DELETE: _action(Service.COMPUTES, "delete data assets"),
    ENVIRONMENTS_READ: _action(Service.COMPUTES, "list and read environments"),
    ENVIRONMENTS_WRITE: _action(Service.COMPUTES, "create, archive and restore environments"),
    ENVIRONMENTS_DELETE: _action(Service.COMPUTES, "delete environments"),
    COMPONENTS_READ: _action(Service.COMPUTES, "list and read components"),
    COMPONENTS_WRITE: _action(Service.COMPUTES, "create, archive and restore components"),
    COMPONENTS_DELETE: _action(Service.COMPUTES, "delete components"),
    BATCH_ENDPOINTS_READ: _action(Service.COMPUTES, "list and read batch endpoints, their deployments and their jobs"),
    BATCH_ENDPOINTS_WRITE: _action(Service.COMPUTES, "create and change batch endpoints and their deployments"),
    BATCH_ENDPOINTS_DELETE: _action(Service.COMPUTES, "delete batch endpoints and their deployments"),
    BATCH_ENDPOINTS_INVOKE: _action(Service.COMPUTES, "invoke batch endpoints, with `jobs/write`, which the job needs"),
    ONLINE_ENDPOINTS_READ: _action(Service.INFERENCE, "list and read online endpoints and their deployments"),
    ONLINE_ENDPOINTS_WRITE: _action(
        Service.INFERENCE, "create and change online endpoints, deployments and traffic, write and regenerate keys"
    ),
    ONLINE_ENDPOINTS_DELETE: _action(Service.INFERENCE, "delete online endpoints, deployments and keys"),
    ONLINE_ENDPOINTS_SCORE: _action(Service.INFERENCE, "read the keys of online endpoints, and so use them"),
}
"""Maps Azure's operations to their meaning here; a role may name only these."""


def operations_in(services: Collection[Service], operations: Collection[str]) -> tuple[str, ...]:
    """Those of ``operations`` that ``services`` perform, sorted."""
    return tuple(sorted(name for name in operations if OPERATIONS[name].service in services))


def short_form(operation: str) -> str:
    """An operation of a workspace without the resource provider, e.g. ``runs/read``."""
    return operation.removeprefix(f"{_ML}/")
