"""The few commands of the Docker client that images need.

The client rather than the engine's API: it knows the user's contexts, TLS settings and ``docker login``. Every call has
a time limit. Its error output is reduced to one line; nothing is retried here.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tarfile
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

QUICK_SECONDS = 60.0
CONTACT_SECONDS = 20.0
TRANSFER_SECONDS = 1800.0

SCRATCH_LABEL = "ml-workspace.bootstrap=files"


class DockerError(Exception):
    """The client failed or did not respond in time; the text is one line."""


@dataclass(frozen=True, slots=True)
class Image:
    """What the engine knows about one local image."""

    identity: str
    tags: tuple[str, ...]
    labels: dict[str, str]


def call(*arguments: str, seconds: float = QUICK_SECONDS, stdin: bytes | None = None) -> str:
    """Run one command of the client and return what it printed."""
    return read(*arguments, seconds=seconds, stdin=stdin).decode(errors="replace")


def read(*arguments: str, seconds: float = QUICK_SECONDS, stdin: bytes | None = None) -> bytes:
    """Run one command of the client and return the bytes that it printed."""
    try:
        done = subprocess.run(["docker", *arguments], input=stdin, capture_output=True, timeout=seconds, check=False)
    except FileNotFoundError as exc:
        raise DockerError("the command 'docker' was not found on PATH") from exc
    except subprocess.TimeoutExpired as exc:
        raise DockerError(f"'docker {arguments[0]}' did not respond within {seconds:.0f} s") from exc
    if done.returncode != 0:
        raise DockerError(last_line(done.stderr.decode(errors="replace")))
    return done.stdout


def last_line(text: str) -> str:
    """Return the line with the reason: the client prints it last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def inspect(references: Sequence[str]) -> dict[str, Image]:
    """Return the local images among the references, in one call for all."""
    images = _inspect(references)
    return {reference: image for reference in references for image in images if reference in image.tags}


def find(reference: str) -> Image | None:
    """Return one local image; the engine resolves short and long forms of a reference."""
    return next(iter(_inspect([reference])), None)


def _inspect(references: Sequence[str]) -> list[Image]:
    """Describe the images that exist; only an engine that does not respond is an error."""
    command = ["docker", "image", "inspect", "--format", "{{json .}}", *references]
    try:
        done = subprocess.run(command, capture_output=True, timeout=QUICK_SECONDS, check=False)
    except FileNotFoundError as exc:
        raise DockerError("the command 'docker' was not found on PATH") from exc
    except subprocess.TimeoutExpired as exc:
        raise DockerError(f"the engine did not respond within {QUICK_SECONDS:.0f} s") from exc
    complaints = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    if real := [line for line in complaints if "no such image" not in line.lower()]:
        raise DockerError(real[-1])
    return [_image(json.loads(line)) for line in done.stdout.splitlines() if line.strip()]


def _image(raw: dict[str, object]) -> Image:
    """Keep what matters of the engine's description."""
    config = raw.get("Config")
    labels = config.get("Labels") if isinstance(config, dict) else None
    tags = raw.get("RepoTags")
    return Image(
        identity=str(raw["Id"]),
        tags=tuple(tags) if isinstance(tags, list) else (),
        labels=labels if isinstance(labels, dict) else {},
    )


def pull(reference: str) -> None:
    """Pull one image; give up quickly if the registry does not respond, but not on a slow transfer."""
    command = ["docker", "pull", reference]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None  # noqa: S101  (PIPE above)
        contact = threading.Event()
        answered = threading.Thread(target=_drain, args=(client.stdout, contact), daemon=True)
        answered.start()
        try:
            if not contact.wait(CONTACT_SECONDS):
                raise DockerError(f"no response from its registry within {CONTACT_SECONDS:.0f} s")
            client.wait(TRANSFER_SECONDS)
        except subprocess.TimeoutExpired as exc:
            raise DockerError(f"the transfer took longer than {TRANSFER_SECONDS:.0f} s") from exc
        finally:
            client.kill()
        if client.returncode != 0:
            assert client.stderr is not None  # noqa: S101
            raise DockerError(last_line(client.stderr.read()))


def _drain(lines: IO[str], contact: threading.Event) -> None:
    """Report the first line (the registry has responded) or the end, and keep the pipe empty."""
    for _ in lines:
        contact.set()
    contact.set()


def build(context: IO[bytes], tag: str) -> None:
    """Build an image from a streamed context, which works with remote engines too."""
    command = ["docker", "build", "--quiet", "--force-rm", "--tag", tag, "-"]
    done = subprocess.run(command, stdin=context, capture_output=True, timeout=TRANSFER_SECONDS, check=False)
    if done.returncode != 0:
        raise DockerError(last_line(done.stderr.decode(errors="replace")))


def load(archive: IO[bytes]) -> None:
    """Load an image from an archive, with the tag that is in it."""
    command = ["docker", "load", "--quiet"]
    done = subprocess.run(command, stdin=archive, capture_output=True, timeout=TRANSFER_SECONDS, check=False)
    if done.returncode != 0:
        raise DockerError(last_line(done.stderr.decode(errors="replace")))


def remove_each(remove: str, *listing: str) -> None:
    """Remove everything that a listing command finds."""
    if found := call(*listing, "--quiet").split():
        call(remove, "--force", *found)


@contextlib.contextmanager
def scratch_container(image: str) -> Iterator[str]:
    """Create a container that is never started, to read files of its image."""
    name = call("create", "--label", SCRATCH_LABEL, image, "none").strip()
    try:
        yield name
    finally:
        call("rm", "--force", "--volumes", name)


def copy_out(container: str, path: str, target: Path) -> None:
    """Copy one file out of a container: content only, without owner, mode or file capabilities.

    Capabilities are left out on purpose: a binary that requires one does not start where all capabilities are dropped.
    """
    command = ["docker", "cp", "--follow-link", f"{container}:{path}", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        assert client.stdout is not None  # noqa: S101
        assert client.stderr is not None  # noqa: S101
        try:
            with tarfile.open(fileobj=client.stdout, mode="r|") as archive:
                _write_first_file(archive, target)
        except tarfile.TarError as exc:
            raise DockerError(last_line(client.stderr.read().decode(errors="replace"))) from exc
    if not target.is_file():
        raise DockerError(f"the image has no file {path!r}")


def _write_first_file(archive: tarfile.TarFile, target: Path) -> None:
    """Write the archive's one regular file."""
    for member in archive:
        if (content := archive.extractfile(member)) is not None:
            with target.open("wb") as out:
                while block := content.read(1 << 20):
                    out.write(block)
