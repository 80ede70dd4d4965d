"""What the page offers in the notebooks' file store. The storage account decides what is done."""

from __future__ import annotations

from dataclasses import dataclass

from infra.errors import MlWorkspaceError
from infra.rules.roles.role_operations import BLOBS_DELETE, BLOBS_WRITE
from mlw.studio.stack_access import NoAccessError, StackAccess


@dataclass(frozen=True, slots=True)
class Rights:
    """What the roles of a principal include."""

    write: bool
    delete: bool


def rights_of(access: StackAccess) -> Rights:
    """The rights of the principal, from the stack file; the stack's own credentials allow everything."""
    if not access.principal:
        return Rights(write=True, delete=True)
    # It loads all rules of settings, 13 MB, which no studio without a principal needs.
    from mlw.roles.principal_rights import settings_of  # noqa: PLC0415

    try:
        assignments = settings_of(access.stack.name).assignments
    except MlWorkspaceError:
        # Without a valid stack file nobody knows. The storage account does.
        return Rights(write=True, delete=True)
    held = {name for one in assignments if one.principal == access.principal for name in one.operations}
    return Rights(write=BLOBS_WRITE in held, delete=BLOBS_DELETE in held)


def require_rename(access: StackAccess, path: str) -> None:
    """Reject a principal that can copy a file but not delete it: both would stay.

    Raises:
        NoAccessError: It may not.
    """
    rights = rights_of(access)
    if not (rights.write and rights.delete):
        raise NoAccessError(
            f"renaming '{path}': the roles of principal '{access.principal}' do not include '{BLOBS_WRITE}' and "
            f"'{BLOBS_DELETE}'. `mlw roles list` shows what they include."
        )
