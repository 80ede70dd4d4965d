"""The build context of an image: a tar archive that is streamed to the engine.

Everything in it except the binary is fixed: names, modes, owners and times never depend on the host, so that the
engine's build cache recognises it. The Dockerfile is that of the service, with two more labels.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from tools.bootstrap.images.recipe import APPLETS, RECIPE_LABEL, SOURCE_LABEL, dockerfile

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bootstrap.images.image_table import Service

SOURCES = ("pulled", "mirror", "built")


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseFiles:
    """What every image contains besides its binary."""

    busybox: bytes
    certificates: bytes


def write(out: IO[bytes], service: Service, base: BaseFiles, binary: Path, *, recipe: str, source: str) -> None:
    """Write the context of one image."""
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, "Dockerfile", labelled(dockerfile(service).read_text(encoding="utf-8"), recipe, source).encode())
        for folder, mode in (("bin", 0o755), ("etc", 0o755), ("etc/ssl", 0o755), ("etc/ssl/certs", 0o755)):
            _add_folder(archive, f"rootfs/{folder}", mode)
        _add_folder(archive, "rootfs/tmp", 0o1777)
        _add_folder(archive, "folder", 0o755)
        _add(archive, "rootfs/etc/passwd", accounts(service).encode())
        _add(archive, "rootfs/etc/ssl/certs/ca-certificates.crt", base.certificates)
        _add(archive, "rootfs/bin/busybox", base.busybox, mode=0o755)
        for applet in APPLETS:
            _add_link(archive, f"rootfs/bin/{applet}", "busybox")
        entry = _entry("binary", 0o755)
        entry.size = binary.stat().st_size
        with binary.open("rb") as content:
            archive.addfile(entry, content)


def labelled(text: str, recipe: str, source: str) -> str:
    """Append the labels, so that images which differ only in them share every layer."""
    return f'{text.rstrip()}\nLABEL {RECIPE_LABEL}="{recipe}" {SOURCE_LABEL}="{source}"\n'


def accounts(service: Service) -> str:
    """Return the account file: some programs look up their own name and home."""
    return f"root:x:0:0::/:/bin/sh\n{service.name}:x:{service.user}::/tmp:/bin/sh\n"


def _entry(name: str, mode: int) -> tarfile.TarInfo:
    """Make an entry that does not depend on the host."""
    entry = tarfile.TarInfo(name)
    entry.mode = mode
    return entry


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    """Add a file."""
    entry = _entry(name, mode)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _add_folder(archive: tarfile.TarFile, name: str, mode: int) -> None:
    """Add an empty folder."""
    entry = _entry(name, mode)
    entry.type = tarfile.DIRTYPE
    archive.addfile(entry)


def _add_link(archive: tarfile.TarFile, name: str, target: str) -> None:
    """Add a symbolic link."""
    entry = _entry(name, 0o777)
    entry.type = tarfile.SYMTYPE
    entry.linkname = target
    archive.addfile(entry)
