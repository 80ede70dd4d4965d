"""Writes a package: the archive of an image with model, scoring server and environment, and what a device runs.

Nothing of it depends on time or place: the same inputs give the same digest, and the same file.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from infra.image_layers.layers import TIME
from mlw.environments.environment_images import CREATED
from mlw.jobs.tar_streams import packed
from mlw.model_packages import edge_manifest, environment_layers, package_contents
from mlw.model_packages.edge_manifest import EdgeModule
from mlw.model_packages.environment_layers import Layer, LayeredImage
from mlw.model_packages.image_archive import Blob, ImageArchive
from mlw.model_packages.package_contents import PackageSource
from mlw.model_packages.package_errors import ModelPackageError
from mlw.online_endpoints import serving_files
from mlw.online_endpoints.deployment_engine import PORT
from mlw.online_endpoints.deployment_settings import settings_of
from mlw.online_endpoints.endpoint_records import Deployment
from mlw.tracking.placed_files import writing

MANIFEST_FILE = "deployment.json"
MODEL_LABEL = "ml-workspace.model"
_MARGIN_BYTES = 16 << 20
_NANO = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a package is written.

    Attributes:
        archive: The image.
        manifest: The deployment manifest of IoT Edge; None for none.
    """

    archive: Path
    manifest: Path | None

    def require_free(self, *, overwrites: bool) -> None:
        """Reject a target that exists.

        Raises:
            ModelPackageError: It does, and may not be replaced.
        """
        for path in filter(None, (self.archive, self.manifest)):
            if path.is_symlink() or (path.exists() and not (overwrites and path.is_file())):
                raise ModelPackageError(
                    f"packaging a model: '{path}' exists. Choose another folder with --output, or replace files with "
                    "--overwrite."
                )


def write(
    source: PackageSource,
    target: Target,
    reference: str,
    *,
    module: EdgeModule | None,
    log: Callable[[str], None],
) -> str:
    """Write a package; returns the digest of its image.

    Args:
        source: What is packaged.
        target: Where to.
        reference: Name of the image.
        module: The module of IoT Edge; None for the image alone.
        log: Gets what is being done.

    Raises:
        ModelPackageError: The disk is full; nothing is left of it.
    """
    folder = target.archive.parent
    image = source.image(log)
    with (
        _explaining(target.archive),
        environment_layers.reading(image, source.access.registry) as environment,
        writing(target.archive) as out,
    ):
        require_space(folder, sum(one.size for one in environment.layers))
        log("writing the image")
        archive = ImageArchive(out)
        layers = [_copied(archive, one) for one in environment.layers]
        with source.files() as files:
            for _, group in groupby(files, key=package_contents.is_of_model):
                layers.append(archive.add(packed(group, below=serving_files.MOUNT.lstrip("/"), at=TIME)))
        digest = archive.finish(configuration(source.deployment, environment, layers), layers, reference)
        out.flush()
        if target.manifest and module:
            with writing(target.manifest) as content:
                content.write(f"{json.dumps(edge_manifest.manifest(module), indent=2)}\n".encode())
    return digest


def require_space(folder: Path, needed: int) -> None:
    """Reject a file system without the space for an image.

    Raises:
        ModelPackageError: It has less.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + _MARGIN_BYTES:
        raise ModelPackageError(
            f"writing an image to '{folder}': it has at least {_mib(needed)} MiB, and {_mib(free)} MiB are free there. "
            "Choose another folder with --output, or make room."
        )


def _copied(archive: ImageArchive, layer: Layer) -> Blob:
    blob = archive.add(layer.pieces())
    if blob.digest != layer.digest:
        raise ModelPackageError(
            f"writing an image: the layer {layer.digest} was read as {blob.digest}: the connection ended, or what "
            "stores it is damaged. Run it again."
        )
    return blob


def configuration(deployment: Deployment, environment: LayeredImage, layers: list[Blob]) -> dict[str, Any]:
    """The image's configuration: it runs the server as an unprivileged user, with nothing mounted."""
    known = dict(one.split("=", 1) for one in environment.config.get("Env") or [])
    variables = {**known, **serving_files.IN_DEFINITION}
    model = deployment.model
    labels: Mapping[str, str] = environment.config.get("Labels") or {}
    named = {MODEL_LABEL: f"{model.name}:{model.version}"} if model else {}
    return {
        "architecture": environment.architecture,
        "config": {
            "Entrypoint": serving_files.command(),
            "Env": [f"{name}={value}" for name, value in sorted(variables.items())],
            "ExposedPorts": {f"{PORT}/tcp": {}},
            "Healthcheck": _health(deployment),
            "Labels": {**labels, **named},
            "User": f"{serving_files.USER}:{serving_files.USER}",
            "WorkingDir": "/tmp",  # noqa: S108 - of its container alone
        },
        "created": CREATED,
        "history": [{"created": CREATED, "created_by": "mlw model package"} for _ in layers],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [one.digest for one in layers]},
    }


def _health(deployment: Deployment) -> dict[str, Any]:
    probe = settings_of(deployment.document).readiness
    return {
        "Test": ["CMD", *serving_files.probe_command("ready", probe.timeout)],
        "Interval": probe.period * _NANO,
        "Timeout": (probe.timeout + 1) * _NANO,
        "StartPeriod": probe.initial_delay * _NANO,
        "Retries": probe.failure_threshold,
    }


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Say what a full disk, or a folder that cannot be written, prevents."""
    try:
        yield
    except OSError as exc:
        advice = " Make room, or choose another folder with --output." if exc.errno == errno.ENOSPC else ""
        raise ModelPackageError(
            f"writing the image '{path}': {exc.strerror or exc}; nothing is left of it.{advice}"
        ) from exc


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f}"
