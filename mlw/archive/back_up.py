"""`mlw backup`: writes a consistent copy of a whole workspace to one encrypted file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import click

from infra.clients.archives.members import MemberWriter
from infra.clients.archives.sealed_file import SealedWriter
from infra.clients.engine.volume_streams import MountedVolume, mounted_volumes, read_volume
from infra.clients.state import known_stacks, state_passphrase
from infra.clients.state.passphrase_cipher import PassphraseCipher, SaltFormatError, UndecryptableError
from infra.errors import ArchiveError
from infra.stack_files.stack_file import SECURE, StackFile, open_stack_file
from mlw.activity.recorded import Recorded
from mlw.archive import archive_file, passphrases
from mlw.archive.contents import VOLUMES, Contents, Manifest
from mlw.archive.copy_progress import counted, say
from mlw.archive.interruptions import ending_in_order
from mlw.archive.pausing import paused
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE, STACK
from mlw.lifecycle import private_stack_file, stack_locks, unfinished_restore
from mlw.lifecycle.pulumi_operations import require_present_version
from mlw.lifecycle.recovery import Recovery
from mlw.lifecycle.stack_context import Context
from mlw.lifecycle.state_transfer import export_state
from mlw.stacks.stacks import NotUpError, Stack, open_stack


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A stack that is copied: its volumes, and the containers that use them."""

    stack: Stack
    volumes: Sequence[MountedVolume]

    @property
    def containers(self) -> list[str]:
        """Ids of the containers, without duplicates."""
        return list(dict.fromkeys(volume.container for volume in self.volumes))


@command(
    examples=("mlw backup dev dev.mlw", "mlw backup dev dev.mlw --passphrase-file ~/archive-passphrase"),
    exit_codes={DONE: "written", FAILED: FAILURE},
    records=Recorded(operation="Microsoft.MachineLearningServices/workspaces/backup/action"),
)
@STACK
@click.argument("file", metavar="FILE", type=FILE, help="Where to write; an older archive is replaced at the end.")
@passphrases.OPTION
def back_up(stack: str, file: Path, passphrase_file: Path | None) -> int:
    """Back up a whole workspace to one encrypted file.

    State, stack file and every volume: blobs with all versions, the key vault with its keys, images, telemetry,
    principals. All containers are paused together while their volumes are copied; clients wait and then continue. The
    file is encrypted, only you can read it, and it appears when it is complete.

    The passphrase comes from --passphrase-file, MLW_ARCHIVE_PASSPHRASE or MLW_ARCHIVE_PASSPHRASE_FILE; otherwise it is
    prompted for.
    """
    archive_file.check_target(file)
    context = open_stack(stack).context
    passphrase = passphrases.read(passphrase_file, new=True)
    context.prepare_folders()
    with ending_in_order(), stack_locks.exclusive(context, "mlw backup", say=say):
        unfinished_restore.refuse(context)
        Recovery(context=context, say=say).recover()
        require_present_version(context)
        with stack_locks.hold_pulumi_lock(context), archive_file.writing(file) as archive:
            source = _source(open_stack(stack))
            members = MemberWriter(sealed := SealedWriter(archive, passphrase))
            for name, content in _contents(source).members():
                members.add(name, [content])
            seconds = _copy_volumes(source, members)
            digest, size = members.finish(), sealed.size
    print(f"Written: '{file}', {size} bytes, {len(source.volumes)} volumes; containers paused for {seconds:.1f} s.")
    print(f"SHA-256 of all but its last 32 bytes: {digest}")
    return DONE


def _source(stack: Stack) -> Source:
    """Find every volume of the stack.

    Raises:
        NotUpError: The stack is incomplete, so its archive would be too.
    """
    stack.require_outputs()
    objects = stack.checkpoint.docker_objects()
    wanted = {item.name for item in objects if item.kind == "volume"}
    found = mounted_volumes(item.id for item in objects if item.kind == "container")
    missing = sorted(wanted - {volume.name for volume in found})
    if missing or stack.checkpoint.pending:
        what = f"no container uses {', '.join(missing)}" if missing else "its last update did not finish"
        raise NotUpError(
            f"backing up stack '{stack.name}': {what}. Nothing was written. Run `make up STACK={stack.name}` first."
        )
    return Source(stack=stack, volumes=sorted((v for v in found if v.name in wanted), key=lambda volume: volume.name))


def _contents(source: Source) -> Contents:
    context = source.stack.context
    file = open_stack_file(context.stack_file) if context.stack_file.is_file() else None
    roles = str(file.config.get("ml-workspace:roleDefinitions") or "") if file else ""
    manifest = Manifest(
        stack=source.stack.name,
        stack_id=source.stack.stack_id,
        made=datetime.now(UTC).isoformat(),
        made_by=known_stacks.describe_origin(),
        folders={volume.name: PurePosixPath(volume.path).name for volume in source.volumes},
        role_definitions=roles,
    )
    return Contents(
        manifest=manifest,
        state=export_state(context),
        stack_file=file.text if file else None,
        config_secrets=_config_secrets(context, source.stack, file) if file else {},
        role_definitions=_read(context.stack_file.parent / roles) if roles else None,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise ArchiveError(f"reading the role definitions '{path}': {exc.strerror}. Restore the file first.") from exc


def _config_secrets(context: Context, stack: Stack, file: StackFile) -> dict[str, str]:
    """The encrypted values of the stack file, decrypted."""
    values = list(_encrypted(dict(file.config)))
    if not values:
        return {}
    salt = private_stack_file.salt_of(file) or stack.checkpoint.salt
    if salt is None:
        raise ArchiveError(
            f"reading the encrypted values of '{context.stack_file}': they are not encrypted with a passphrase. Only "
            "the secrets provider 'passphrase' is supported."
        )
    try:
        cipher = PassphraseCipher.of(salt, state_passphrase.read(context.environment).text)
        return {value: cipher.decrypt(value) for value in values}
    except SaltFormatError as exc:
        raise ArchiveError(
            f"reading the encrypted values of '{context.stack_file}': the format of 'encryptionsalt' is unknown."
        ) from exc
    except UndecryptableError as exc:
        raise ArchiveError(
            f"reading the encrypted values of '{context.stack_file}': the current passphrase cannot decrypt one of "
            "them. Nothing was changed. Set PULUMI_CONFIG_PASSPHRASE_FILE to the file with the correct passphrase."
        ) from exc


def _encrypted(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {SECURE} and isinstance(value[SECURE], str):
            yield value[SECURE]
        else:
            for entry in value.values():
                yield from _encrypted(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _encrypted(entry)


def _copy_volumes(source: Source, members: MemberWriter) -> float:
    """Copy the volumes while the containers are paused; return how many seconds that took."""
    say(f"Pausing the containers of stack '{source.stack.name}' and copying {len(source.volumes)} volumes.")
    with paused(source.containers):
        started = time.monotonic()
        for number, volume in enumerate(source.volumes, 1):
            label = f"volume {number} of {len(source.volumes)}, '{volume.name}'"
            # Closed before the containers are resumed: the engine cannot resume a container while it reads its volume.
            with closing(read_volume(volume)) as chunks:
                member = members.add(f"{VOLUMES}{volume.name}", counted(chunks, label))
            say(f"  {label}: {member.size / 2**20:.1f} MiB")
    return time.monotonic() - started
