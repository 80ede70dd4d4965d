"""Brings an environment from the workspace's registry as a kernel: the program that the server starts for it.

Standard input has the request; each line of the output is a JSON document with `progress`, and the last one has `added`
or `failed`. It is a program of its own, so that the server's memory does not grow with the files that it handles.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import ssl
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from .kernel_files import KernelError, Kernels, kernel_name

REPOSITORY = "environments"
PREFIX = "usr/local/"
"""Where images of environments have their packages, and any Python but that of this image."""

_TIMEOUT_SECONDS = 60.0
_PIECE = 1 << 20
_UNFINISHED = ".new-"
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_URL, _USER, _PASSWORD = "MLW_REGISTRY_URL", "MLW_REGISTRY_USERNAME", "MLW_REGISTRY_PASSWORD"


def add(
    request: Mapping[str, Any], home: Path, variables: Mapping[str, str], say: Callable[[str], None]
) -> dict[str, Any]:
    """Add a kernel, or replace that of the same environment.

    Args:
        request: `environment` as `NAME:VERSION`, `python`, `layers` with `digest` and `size`, the lowest first.
        home: Home folder of the user.
        variables: Address of the registry, and the user's login.
        say: Takes lines of progress.

    Returns:
        The kernel, as `Kernels.list` has it.

    Raises:
        KernelError: It cannot be added. What was there before is unchanged.
    """
    environment, layers = str(request["environment"]), list(request["layers"])
    kernels, name = Kernels(home=home), kernel_name(environment)
    kernels.check(name, environment)
    if present := next(
        (one for one in kernels.list() if (one["environment"], one["image"]) == (environment, request["image"])), None
    ):
        say("it is there")
        return present
    _check_registry(variables)
    kernels.trees.mkdir(parents=True, exist_ok=True)
    for left in kernels.trees.glob(f"{_UNFINISHED}*"):  # by a kill
        shutil.rmtree(left, ignore_errors=True)
    _check_disk(kernels.trees, layers)
    with tempfile.TemporaryDirectory(dir=kernels.trees, prefix=_UNFINISHED) as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        for number, layer in enumerate(layers, start=1):
            say(f"layer {number} of {len(layers)}: {int(layer['size']) / _PIECE:.0f} MiB")
            archive = Path(folder) / "layer.tar"
            _bring(str(layer["digest"]), archive, variables)
            _unpack(archive, tree)
            archive.unlink()
        facts = {"environment": environment, "python": request["python"], "image": request["image"]}
        kernels.publish(tree, name, facts)
    return next(one for one in kernels.list() if one["kernel"] == name)


def _check_registry(variables: Mapping[str, str]) -> None:
    if not variables.get(_URL):
        raise KernelError(
            "the instance cannot reach the workspace's registry: it belongs to another stack, or the roles of the "
            "user include no images"
        )


def _check_disk(folder: Path, layers: Sequence[Mapping[str, Any]]) -> None:
    # The largest layer is there as an archive too while it is unpacked.
    sizes = [int(layer["size"]) for layer in layers]
    needed, free = sum(sizes) + max(sizes, default=0), shutil.disk_usage(folder).free
    if needed > free:
        raise KernelError(f"it needs {needed >> 20} MiB, and the disk of the home folder has {free >> 20} MiB left")


def _bring(digest: str, archive: Path, variables: Mapping[str, str]) -> None:
    """Download a layer, and compare it with its digest."""
    found = hashlib.sha256()
    with archive.open("wb") as out:
        for piece in _pieces(digest, variables):
            found.update(piece)
            out.write(piece)
    if digest != f"sha256:{found.hexdigest()}":
        raise KernelError(f"what the registry has as {digest} is something else; nothing of it is used")


def _pieces(digest: str, variables: Mapping[str, str]) -> Iterator[bytes]:
    address = f"{variables[_URL]}/v2/{REPOSITORY}/blobs/{digest}"
    login = base64.b64encode(f"{variables[_USER]}:{variables[_PASSWORD]}".encode()).decode()
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {login}"})  # noqa: S310 - as below
    context = ssl.create_default_context() if address.startswith("https:") else None
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=context) as response:  # noqa: S310 - its own
            while piece := response.read(_PIECE):
                yield piece
    except urllib.error.HTTPError as exc:
        exc.close()
        reason = "it refused the user's login" if exc.code in _REFUSED else "its log says more"
        raise KernelError(f"the registry returned status {exc.code} for {digest}: {reason}") from exc
    except OSError as exc:
        raise KernelError(f"the registry at {variables[_URL]} cannot be reached: {exc}") from exc


def _unpack(archive: Path, tree: Path) -> None:
    """Unpack what a layer has below the prefix, and nothing outside of the folder."""
    with tarfile.open(archive) as content:
        for member in content:
            name = member.name.removeprefix("./")
            if not name.startswith(PREFIX):
                continue
            member.name = name.removeprefix(PREFIX)
            if _leaves(name) or not (member.isreg() or member.isdir() or _is_link_within(member)):
                raise KernelError(f"the image has '{name}', which is no plain file, folder or link within it")
            member.mode = 0o755 if member.mode & 0o100 else 0o644
            content.extract(member, tree, set_attrs=not member.issym())


def _leaves(name: str) -> bool:
    return ".." in Path(name).parts


def _is_link_within(member: tarfile.TarInfo) -> bool:
    target = os.path.normpath(Path(member.name).parent / member.linkname)
    return member.issym() and not target.startswith(("..", "/"))


def main() -> int:
    """Read a request and carry it out."""

    def print_line(document: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()

    try:
        request = json.load(sys.stdin)
        added = add(request, Path(os.environ["HOME"]), os.environ, lambda line: print_line({"progress": line}))
    except (KernelError, OSError, tarfile.TarError) as exc:
        print_line({"failed": str(exc) if isinstance(exc, KernelError) else f"{type(exc).__name__}: {exc}"})
        return 1
    print_line({"added": added})
    return 0


if __name__ == "__main__":
    sys.exit(main())
