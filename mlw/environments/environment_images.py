"""The image of an environment: found in the workspace's registry, or built and pushed there.

An image is named by what it is made of, so the same environment has the same image, whoever builds it. The manifest is
pushed last: a build that is killed leaves no image.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.clients.registry.image_upload import ImageUpload, LayerFile
from infra.clients.service_connection import ServiceConnection
from mlw.environments import base_images, build_cache, interpreters, package_layers, package_resolution
from mlw.environments.base_images import BaseImage
from mlw.environments.interpreters import InterpreterMissingError
from mlw.environments.package_archives import Workplace
from mlw.environments.package_resolution import Target
from mlw.environments.planning import Plan

REPOSITORY = "environments"
LABEL = "ml-workspace.environment"
PACKAGES_LABEL = "ml-workspace.packages"
NOTICES_LABEL = "ml-workspace.notices"
CREATED = "2000-01-01T00:00:00Z"
"""Fixed, so that the same environment is the same image."""

_MEBIBYTE = 1 << 20
_VARIABLES = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    # Debian's Python refuses installations by pip otherwise; a job's container is its own.
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}
_OF_OTHERS = {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
"""Relocatable builds of Python look for certificates where they were built."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentImage:
    """The image of an environment.

    Attributes:
        reference: What the engine can pull, or has.
        digest: Digest of the manifest in the workspace's registry; empty for an image from elsewhere.
        notices: What differs from the environment as it is written; for the log of a job.
    """

    reference: str
    digest: str
    notices: tuple[str, ...] = ()


def provide(plan: Plan, registry: ServiceConnection, log: Callable[[str], None]) -> EnvironmentImage:
    """Provide the image of a plan.

    Args:
        plan: What the image is made of.
        registry: The workspace's registry, with a login that may push.
        log: Takes lines of progress.

    Raises:
        UnresolvableError: The packages cannot be installed.
        PushRejectedError: The login may not push.
        ImageMissingError: The engine has no base image.
    """
    if plan.image:
        return EnvironmentImage(reference=plan.image, digest="", notices=plan.notices)
    key, upload = key_of(plan), ImageUpload(registry, REPOSITORY)
    if digest := upload.digest_of(key):
        log(f"the registry has the image: {digest}")
        return _image(registry, digest, (*plan.notices, *_stored_notices(upload, digest, is_raised=plan.is_raised)))
    failure = ""
    with build_cache.building(key, log) as folder:
        more: list[str] = []
        if not (digest := upload.digest_of(key)):
            try:
                digest, more = _build(plan, key, upload, folder, log)
            except InterpreterMissingError as exc:
                if plan.fallback is None:
                    raise
                failure = str(exc)
    if failure and plan.fallback:
        log(f"warning: {failure}")
        return provide(plan.fallback, registry, log)
    build_cache.sweep()
    return _image(registry, digest, (*plan.notices, *more))


def key_of(plan: Plan) -> str:
    """The tag of the image of a plan.

    Raises:
        ImageMissingError: The engine has no base image.
    """
    own = interpreters.identity(plan.python)
    return plan.key(base_images.identity(), platform.machine(), *filter(None, (own,)))


def _image(registry: ServiceConnection, digest: str, notices: tuple[str, ...]) -> EnvironmentImage:
    host = registry.endpoint.partition("://")[2]
    return EnvironmentImage(reference=f"{host}/{REPOSITORY}@{digest}", digest=digest, notices=notices)


def _build(
    plan: Plan, key: str, upload: ImageUpload, folder: Path, log: Callable[[str], None]
) -> tuple[str, list[str]]:
    """Build and push an image; returns its digest, and what resolving has to tell."""
    start = time.monotonic()
    base = base_images.load(log)
    own = interpreters.provide(plan.python, base.root, log)
    target = Target(python=plan.python, machine=platform.machine())
    known = build_cache.read("lists", f"{key}.json")
    if known is None:
        listed, notices = package_resolution.resolve(plan, target, folder, log)
        known = {"list": listed, "notices": notices}
        build_cache.write("lists", f"{key}.json", known)

    def push(layer: LayerFile) -> None:
        size, sent = layer.size / _MEBIBYTE, upload.push_layer(layer)
        log(f"layer {layer.digest[7:19]}, {size:.0f} MiB: {'pushed' if sent else 'the registry has it'}")

    place = Workplace(
        target=target,
        base=f"{base.identity}{f' {own.identity}' if own else ''}",
        root=base.root,
        interpreter=own.root if own else base.root,
        folder=folder,
        options=package_resolution.options_of(plan.requirements),
        log=log,
    )
    below = [*base.stacked, *([own.layer] if own else ())]
    for layer in below:
        push(layer)
    stacked = [*below, *package_layers.make(known["list"], place, push)]
    variables = {**_VARIABLES, **(_OF_OTHERS if own else {})}
    digest = upload.push_image(key, _document(base, stacked, key, known, variables), stacked)
    log(f"pushed {digest} after {time.monotonic() - start:.1f} s")
    return digest, list(known["notices"])


def _document(
    base: BaseImage, stacked: Sequence[LayerFile], key: str, known: Mapping[str, Any], ours: Mapping[str, str]
) -> dict[str, Any]:
    """The image's configuration."""
    variables = dict(one.split("=", 1) for one in base.config.get("Env") or [])
    labels = {LABEL: key, PACKAGES_LABEL: " ".join(package_layers.names_of(known["list"]))}
    if known["notices"]:
        labels[NOTICES_LABEL] = "\n".join(known["notices"])
    return {
        "architecture": base.architecture,
        "config": {
            "Cmd": ["/bin/bash"],
            "Env": [f"{name}={value}" for name, value in sorted({**variables, **ours}.items())],
            "Labels": labels,
            "User": base.config.get("User", ""),
            "WorkingDir": "/",
        },
        "created": CREATED,
        "history": [{"created": CREATED, "created_by": "mlw environment"} for _ in stacked],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [one.digest for one in stacked]},
    }


def labels_of(upload: ImageUpload, digest: str) -> Mapping[str, str]:
    """Labels of an image in the registry; none if it is not there."""
    manifest = upload.manifest_of(digest)
    if not manifest:
        return {}
    config = json.loads(upload.blob(manifest["config"]["digest"]))
    return dict((config.get("config") or {}).get("Labels") or {})


def _stored_notices(upload: ImageUpload, digest: str, *, is_raised: bool) -> tuple[str, ...]:
    """What was reported when the image was built; only resolving for another Python has more to tell."""
    if not is_raised:
        return ()
    return tuple(filter(None, labels_of(upload, digest).get(NOTICES_LABEL, "").splitlines()))
