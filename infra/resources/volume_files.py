"""Configuration and secrets of a service: files on a volume, written before the service's container exists.

The Docker provider's own uploads write to the container's root file system and fail if it is read-only. Files on a
volume are not shown by `docker inspect`, survive the container, and allow starting a container that was only created.

Live files are files that a service reloads on its own. Only root may write to their folder, so that no service can
replace a missing file with its own. They are replaced atomically: a reader sees either the old file or the new one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

import pulumi
from typing_extensions import override

from infra.clients.engine import volume_writer
from infra.resources.resource import CreateResult, Props, Provider, Resource, UpdateResult


class VolumeFilesProvider(Provider):
    """Verbs of :class:`VolumeFiles`."""

    inputs = ("volume", "files", "live_files", "user")

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["volume"], _write(props, in_use=False))

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(_write(_news, in_use=True, unchanged=_unchanged(_olds, _news)))


def _unchanged(olds: Props, news: Props) -> set[str]:
    """Files that need not be written again.

    The engine removes a file before it writes a new one, and some are watched without being live: the collector would
    send what it has with an empty token, and drop it.
    """
    if any(olds.get(key) != news[key] for key in ("volume", "user")):
        return set()
    before: Mapping[str, str] = olds.get("files") or {}
    return {name for name, content in news["files"].items() if before.get(name) == content}


def _write(props: Props, *, in_use: bool, unchanged: Collection[str] = ()) -> Props:
    """Write the files; if a service may be reading the live files, they are replaced atomically."""
    uid, _, gid = props["user"].partition(":")
    volume_writer.write(
        props["volume"],
        {name: content.encode() for name, content in props["files"].items() if name not in unchanged},
        {name: content.encode() for name, content in props["live_files"].items()},
        carrier=volume_writer.Carrier(image=props["image_id"], labels=props["labels"]),
        owner=(int(uid), int(gid)),
        in_use=in_use,
    )
    digest = hashlib.sha256(json.dumps(props["files"], sort_keys=True).encode()).hexdigest()
    return {**props, "digest": digest[:16]}


class VolumeFiles(Resource, module="engine", provider=VolumeFilesProvider):
    """Files at the top level of a volume, readable only by the service's user (mode 0400).

    Args:
        name: Logical name.
        volume: Name of the volume.
        files: File name to content; stored as a secret.
        live_files: The same for files in the folder ``live``; changing them does not change the digest.
        image_id: Image of the container, never started, through which the files are written.
        user: ``uid:gid`` that owns the files.
        labels: Identity labels of that container, in case a killed run leaves it behind.
        opts: Resource options.
    """

    digest: pulumi.Output[str]
    """Digest of the files; a container that uses it is replaced when they change."""

    def __init__(
        self,
        name: str,
        *,
        volume: pulumi.Input[str],
        files: Mapping[str, pulumi.Input[str]],
        live_files: Mapping[str, pulumi.Input[str]] | None = None,
        image_id: pulumi.Input[str],
        user: str,
        labels: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "volume": volume,
            "files": pulumi.Output.secret(dict(files)),
            "live_files": pulumi.Output.secret(dict(live_files or {})),
            "image_id": image_id,
            "user": user,
            "labels": dict(labels),
        }
        super().__init__(name, inputs, opts)
