"""Every error that a user may cause or has to act on.

    MlWorkspaceError                 one clear message, never a traceback
    |-- ConfigurationError           the stack file breaks rules; carries every violation (`infra.rules.violation`)
    |-- UnknownStackError            no stack has the name
    |-- DataRemovalError             data would be lost that nobody asked to lose
    |-- HostError                    this machine lacks something, or does not allow it
    |   `-- ProjectNotFoundError     no folder with the project's `Pulumi.yaml`
    |-- EngineError                  the Docker engine cannot be used as it is
    |   |-- EngineUnreachableError   not running, not permitted, or hanging
    |   |-- ForeignObjectError       a name on the engine belongs to somebody else
    |   |-- ImageMissingError        a service's image is not on the engine
    |   `-- PortRangeExhaustedError  no free port is left in `ml-workspace:portRange`
    |-- ScopeLockedError             a management lock forbids it
    |-- SharedResourceError          another workspace uses what would be deleted
    |-- ArchiveError                 an archive of a workspace cannot be written or read
    |   `-- ArchivePassphraseError   it was written with another passphrase
    `-- ServiceError                 a service of the workspace does not do what it must
        |-- ServiceUnreachableError  it does not answer
        |-- NotReadyError            its readiness probe did not pass in time
        |-- SecretStateError         a secret is not in the state that a command needs
        |-- SnapshotError            a file cannot hold, or does not hold, a snapshot of the key vault
        |-- KeyVaultLockedError      the key vault holds data that no known key opens
        |-- StorageAccessError       the storage account does not take an identity
        `-- GarbageCollectionError   the container registry's garbage could not be collected

A message says what was being done, what was found, what is allowed and what to do.
"""

from __future__ import annotations


class MlWorkspaceError(Exception):
    """Root of all errors that are shown to the user as one message."""


class DataRemovalError(MlWorkspaceError):
    """Data would be removed although its stack stays; nothing of it was."""


class EarlierVersionError(MlWorkspaceError):
    """A stack was made by an earlier version of the project, and this one cannot work on it."""


class HostError(MlWorkspaceError):
    """This machine lacks something that the project needs, or does not allow it."""


class ProjectNotFoundError(HostError):
    """What a command works on is the project's, and it was started outside of one."""


class UnknownStackError(MlWorkspaceError):
    """No stack has the name; the message lists those there are."""


class EngineError(MlWorkspaceError):
    """The Docker engine cannot be used as it is."""


class EngineUnreachableError(EngineError):
    """The engine does not answer: not running, not permitted, or hanging."""


class ForeignObjectError(EngineError):
    """A container, volume or network of a needed name exists and is not this stack's."""


class ImageMissingError(EngineError):
    """An image that a service runs from is not on the engine."""


class PortRangeExhaustedError(EngineError):
    """The stack's port range holds fewer free ports than the workspace needs."""


class ScopeLockedError(MlWorkspaceError):
    """A management lock of the resource group forbids the operation; nothing was done."""


class SharedResourceError(MlWorkspaceError):
    """Another stack's workspace uses a resource that would be deleted."""


class ArchiveError(MlWorkspaceError):
    """An archive of a workspace cannot be written, or cannot be read as a whole."""


class ArchivePassphraseError(ArchiveError):
    """An archive was written with another passphrase, or none was given."""


class ServiceError(MlWorkspaceError):
    """A service of the workspace does not do what it must."""


class ServiceUnreachableError(ServiceError):
    """A service of the workspace does not answer."""


class NotReadyError(ServiceError):
    """A service did not pass its readiness probe before the deadline, or its container exited."""


class SecretStateError(ServiceError):
    """A secret is not there, not deleted, or not to be purged yet."""


class SnapshotError(ServiceError):
    """The file of a key vault's backup cannot be written or read."""


class KeyVaultLockedError(ServiceError):
    """The key vault is initialised, and no known key opens it."""


class StorageAccessError(ServiceError):
    """The storage account does not take an identity, or a datastore has no credentials in the key vault."""


class GarbageCollectionError(ServiceError):
    """The container registry's garbage could not be collected; no live content was deleted."""
