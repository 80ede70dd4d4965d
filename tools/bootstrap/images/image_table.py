"""The table of services, read from ``infra/images.toml``.

Only here the bootstrap learns which images exist, under which tag, with which binary, user and folders. The program
reads the same file. Nothing here talks to Docker.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.host import folders
from tools.bootstrap.bootstrap_errors import BootstrapError

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""The engine's names for the kernel's names of processors."""

TABLE = folders.repo() / "infra" / "images.toml"

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9][a-z0-9._/-]*)?", re.IGNORECASE)
_STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SETTING = re.compile(r"""^[ \t]*["']?ml-workspace:imageRegistry["']?[ \t]*:[ \t]*["']?([^\s"'#]+)""", re.MULTILINE)
_TYPE = re.compile(r"""\btype["']?[ \t]*:[ \t]*["']?(\w+)""")
_SECTION = re.compile(r"""^[ \t]*["']?ml-workspace:(\w+)["']?[ \t]*:""", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One row: what the finished image of a service contains, whatever its source."""

    name: str
    image: str
    """The local tag that the program runs: ``ml-workspace/<service>:<version>``."""
    official: str
    """Reference in a public registry; empty if upstream publishes no image."""
    binary: str
    """Path of the service's binary, the same as in the official image."""
    user: str
    """Numeric ``uid:gid``, never root."""
    folders: tuple[str, ...]
    """Folders that belong to the user, so that new volumes mounted there do too."""
    base: str = ""
    """What a Python service's image is built on: another row, or `debian`; empty for a single binary."""
    needed_by: tuple[str, ...] | None = None
    """Sections of a stack file, or types of their entries, without which no workspace needs the image; None if every
    workspace does."""

    @property
    def version(self) -> str:
        """The tag's version; the binary must print it."""
        return self.image.rpartition(":")[2]

    def content(self) -> dict[str, object]:
        """What of the row is in the image."""
        return {
            "name": self.name,
            "image": self.image,
            "official": self.official,
            "binary": self.binary,
            "user": self.user,
            "folders": self.folders,
        }

    def mirrored(self, mirror: str) -> str:
        """The reference of this image in a private mirror."""
        return f"{mirror}/{self.image}"


def load(path: Path = TABLE) -> tuple[Service, ...]:
    """Read every row of the table; it is part of the repository, so it is not validated."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Service(
            name=name,
            image=row["image"],
            official=row["official"],
            binary=row["binary"],
            user=row["user"],
            folders=tuple(row["folders"]),
            base=row.get("base", ""),
            needed_by=tuple(row["needed_by"]) if "needed_by" in row else None,
        )
        for name, row in rows.items()
    )


def needed(stack: str | None) -> tuple[Service, ...]:
    """The images that a stack needs; without a name, those that any stack of the project needs."""
    names = (
        [stack] if stack else [file.name[len("Pulumi.") : -len(".yaml")] for file in _stacks().glob("Pulumi.*.yaml")]
    )
    words = {word for name in names for word in _words(_text(name))}
    return tuple(row for row in load() if row.needed_by is None or words & set(row.needed_by))


def named(names: Sequence[str]) -> tuple[Service, ...]:
    """The rows of some names.

    Raises:
        BootstrapError: There is no such image.
    """
    rows = {row.name: row for row in load()}
    if unknown := [name for name in names if name not in rows]:
        raise BootstrapError(f"no image {unknown[0]!r}; images: {', '.join(sorted(rows))}")
    return tuple(rows[name] for name in names)


def configured_mirror(stack: str) -> str | None:
    """Return the mirror that a stack file configures, if any.

    The file is read as text, since the environment with a YAML parser does not exist yet. The settings validate it
    later.
    """
    found = _SETTING.search(_text(stack))
    return found[1] if found else None


def _text(stack: str) -> str:
    """A stack file as text; empty if there is none."""
    file = _stacks() / f"Pulumi.{stack}.yaml"
    if not _STACK.fullmatch(stack) or not file.is_file():
        return ""
    return file.read_text(encoding="utf-8", errors="replace")


def _words(text: str) -> Iterator[str]:
    """The sections of a stack file, and the types of their entries; lines that are comments do not count."""
    yield from _SECTION.findall(text)
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            yield from _TYPE.findall(line)


def _stacks() -> Path:
    return folders.repo() / "stacks"


def mirror_problem(mirror: str) -> str | None:
    """Say what is wrong with a mirror's address, if anything: it becomes part of references and command lines."""
    if _HOST.fullmatch(mirror):
        return None
    return (
        f"the image registry {mirror!r} is not an address of a registry; allowed: HOST, HOST:PORT or HOST[:PORT]/PATH "
        f"without a scheme, e.g. 'mirror.example.org:5000'; set 'imageRegistry' or MLW_IMAGE_REGISTRY accordingly"
    )
