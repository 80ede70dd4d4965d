"""Errors of the life cycle of a stack: each is one message for the user, as all of :mod:`infra.errors`.

MlWorkspaceError
`-- LifecycleError
    |-- WrongPassphraseError      the secrets of the state cannot be decrypted
    |-- StackBusyError            another command is working on the stack
    |-- DamagedStateError         the state cannot be read and no backup can
    |-- DataLossError             continuing would replace data by something empty
    |-- UnfinishedRestoreError    a restore of the stack was interrupted; not all of its data is there
    |-- UnfinishedMoveError       a move to another backend was interrupted; the other state is the valid one
    |-- OperationFailedError      a pulumi command failed; its own message is already shown
    |   `-- LockedError           nothing was done: another command has locked the stack meanwhile
    |-- OperationCancelledError   the user interrupted it
    |-- SoftDeletedError          the workspace is soft-deleted; it can only be recovered or purged
    `-- LeftoversError            something of the stack is still there after `down`
"""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class LifecycleError(MlWorkspaceError):
    """Root of the errors of this package."""


class WrongPassphraseError(LifecycleError):
    """The passphrase does not decrypt the secrets of the state; nothing was changed."""


class StackBusyError(LifecycleError):
    """Another process is working on the stack and did not finish in time."""


class DamagedStateError(LifecycleError):
    """The stack's state is damaged and no valid backup is left."""


class DataLossError(LifecycleError):
    """A data volume in the state is missing; continuing would create an empty one."""


class UnfinishedRestoreError(LifecycleError):
    """A restore of the stack was interrupted, and not all of its data is there."""


class UnfinishedMoveError(LifecycleError):
    """A move to another state backend was interrupted, and this state is not the valid one."""


class OperationFailedError(LifecycleError):
    """A pulumi command failed."""


class LockedError(OperationFailedError):
    """A pulumi command did nothing: another command locked the stack after it was found unlocked."""


class OperationCancelledError(LifecycleError):
    """The user interrupted a command, and it ended in order."""


class SoftDeletedError(LifecycleError):
    """The stack's workspace is soft-deleted: it can only be recovered or purged."""


class LeftoversError(LifecycleError):
    """Something of the stack is left after it was taken down."""
