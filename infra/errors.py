"""All errors that a user may cause or must act on.

    MlWorkspaceError                 one clear message, never a traceback
    |-- ConfigurationError           the stack file breaks rules; carries all violations (`infra.rules.violation`)
    |-- UnknownStackError            the stack does not exist
    |-- DataRemovalError             data would be lost that the user did not ask to lose
    |-- HostError                    this machine lacks or denies something that the project needs
    |   `-- ProjectNotFoundError     no folder with the project's `Pulumi.yaml`
    |-- EngineError                  the Docker engine returned an error or lacks something
    |   |-- EngineUnreachableError   not running, access denied, or not responding
    |   |-- ForeignObjectError       a name on the engine belongs to someone else
    |   |-- ImageMissingError        a service's image is not on the engine
    |   `-- PortRangeExhaustedError  no free port is left in `ml-workspace:portRange`
    |-- ScopeLockedError             a management lock forbids the operation
    |-- SharedResourceError          another workspace uses a resource that would be deleted
    |-- ArchiveError                 an archive of a workspace cannot be written or read
    |   `-- ArchivePassphraseError   it was written with another passphrase
    `-- ServiceError                 a service of the workspace failed
        |-- ServiceUnreachableError  it does not answer
        |-- NotReadyError            its readiness probe did not pass in time
        |-- SecretStateError         a secret is missing, not deleted, or cannot be purged yet
        |-- SnapshotError            a snapshot of the key vault cannot be written or read
        |-- KeyVaultLockedError      no known key unseals the key vault
        |-- StorageAccessError       the storage account rejected an identity
        `-- GarbageCollectionError   garbage collection of the container registry failed

A message says what was being done, what was found, what is allowed and what to do.
"""

from __future__ import annotations


class MlWorkspaceError(Exception):
    """Root of all errors that are shown to the user as one message."""


class DataRemovalError(MlWorkspaceError):
    """Data would be removed although its stack is kept; nothing was removed."""


class EarlierVersionError(MlWorkspaceError):
    """A stack was created by an earlier version of the project and must be upgraded first."""


class HostError(MlWorkspaceError):
    """This machine lacks or denies something that the project needs."""


class ProjectNotFoundError(HostError):
    """The command needs the project, but was started outside of it."""


class UnknownStackError(MlWorkspaceError):
    """The stack does not exist; the message lists existing stacks."""


class EngineError(MlWorkspaceError):
    """The Docker engine returned an error, or lacks something that the stack needs."""


class EngineUnreachableError(EngineError):
    """The engine is not running, denies access, or does not respond."""


class ForeignObjectError(EngineError):
    """A container, volume or network with a required name exists and belongs to someone else."""


class ImageMissingError(EngineError):
    """The image of a service is not on the engine."""


class PortRangeExhaustedError(EngineError):
    """The stack's port range has fewer free ports than the workspace needs."""


class ScopeLockedError(MlWorkspaceError):
    """A management lock of the resource group forbids the operation; nothing was done."""


class SharedResourceError(MlWorkspaceError):
    """Another stack's workspace uses a resource that would be deleted."""


class ArchiveError(MlWorkspaceError):
    """An archive of a workspace cannot be written, or not be read completely."""


class ArchivePassphraseError(ArchiveError):
    """An archive was written with another passphrase, or none was given."""


class ServiceError(MlWorkspaceError):
    """A service of the workspace failed."""


class ServiceUnreachableError(ServiceError):
    """A service of the workspace does not answer."""


class NotReadyError(ServiceError):
    """A service did not pass its readiness probe before the deadline, or its container exited."""


class SecretStateError(ServiceError):
    """A secret is missing, not deleted, or cannot be purged yet."""


class SnapshotError(ServiceError):
    """A snapshot of the key vault cannot be written or read."""


class KeyVaultLockedError(ServiceError):
    """The key vault is initialised, but no known key unseals it."""


class StorageAccessError(ServiceError):
    """The storage account rejected an identity, or a datastore has no credentials in the key vault."""


class GarbageCollectionError(ServiceError):
    """Garbage collection of the container registry failed; no referenced content was deleted."""
