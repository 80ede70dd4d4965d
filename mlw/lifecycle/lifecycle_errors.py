"""Errors of the life of a stack: each is one message for the user, as all of :mod:`infra.errors`.

MlWorkspaceError
`-- LifecycleError
    |-- WrongPassphraseError      the secrets of the state cannot be decrypted
    |-- StackBusyError            somebody else works on the stack
    |-- DamagedStateError         the state cannot be read and no backup can
    |-- DataLossError             going on would put something empty in the place of data
    |-- UnfinishedRestoreError    a restore of the stack was interrupted; not all of its data is there
    |-- UnfinishedMoveError       a move to another state backend was interrupted; the other state is in charge
    |-- OperationFailedError      a pulumi command failed; its own message is already shown
    |   `-- LockedError           it did nothing, since another one has taken the stack's lock meanwhile
    |-- OperationCancelledError   the user interrupted it
    |-- SoftDeletedError          the workspace is soft-deleted; it can only be recovered or purged
    `-- LeftoversError            something of the stack is still there after `down`
"""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class LifecycleError(MlWorkspaceError):
    """Root of the errors of this package."""


class WrongPassphraseError(LifecycleError):
    """The passphrase does not decrypt the secrets of the state; nothing has been touched."""


class StackBusyError(LifecycleError):
    """Another process works on the stack and did not end in time."""


class DamagedStateError(LifecycleError):
    """The stack's state is damaged and no valid backup is left."""


class DataLossError(LifecycleError):
    """A data volume that the state knows is gone; going on would make an empty one."""


class UnfinishedRestoreError(LifecycleError):
    """A restore of the stack was interrupted, and not all of its data is there."""


class UnfinishedMoveError(LifecycleError):
    """A move to another state backend was interrupted, and this state is not the one in charge."""


class OperationFailedError(LifecycleError):
    """A pulumi command ended with an error."""


class LockedError(OperationFailedError):
    """A pulumi command did nothing: another one has taken the stack's lock after it was found free."""


class OperationCancelledError(LifecycleError):
    """The user interrupted a command, and it ended in good order."""


class SoftDeletedError(LifecycleError):
    """The stack's workspace is soft-deleted: it can only be recovered or purged."""


class LeftoversError(LifecycleError):
    """Something of the stack is left after it was taken down."""
