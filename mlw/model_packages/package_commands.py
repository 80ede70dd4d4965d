"""`mlw model package`: a model with its server as an image in an archive, also as a module of Azure IoT Edge."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlw.command import DONE, FAILED, FAILURE, PROGRAM, command
from mlw.command_options import FILE
from mlw.online_endpoints.endpoint_options import SET, yaml_file
from mlw.tracking.model_commands import VERSION
from mlw.tracking.run_download import OVERWRITE
from mlw.tracking.tracking_options import Tracking, uses_tracking

if TYPE_CHECKING:
    from mlw.model_packages.edge_manifest import EdgeModule
    from mlw.model_packages.package_contents import PackageSource

_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_MEMORY = "1g"


@dataclass(frozen=True, kw_only=True, slots=True)
class _ModuleOptions:
    module_name: str
    port: str
    cpus: float
    memory: str


@command(
    examples=(
        "mlw model package dev --name churn --version 3 --iot-edge --output edge",
        "mlw model package dev --file blue-deployment.yml --iot-edge --output edge --memory 512m",
        "mlw model package dev --name churn --image registry.example.org/churn:3 --output images",
    ),
    exit_codes={DONE: "written", FAILED: FAILURE},
)
@uses_tracking
@click.option("--name", "-n", metavar="NAME", default="", help="A registered model; replaces that in the file.")
@VERSION
@yaml_file(required=False, help_text="A deployment in Azure's YAML: script, environment, model.")
@SET
@click.option("--iot-edge", is_flag=True, help="Also write a deployment manifest of Azure IoT Edge 1.x.")
@click.option("--output", "folder", metavar="FOLDER", type=FILE, required=True, help="Where to.")
@click.option(
    "--image", metavar="NAME:TAG", default="", help="Name of the image; by default the model's, MODEL:VERSION."
)
@click.option("--module-name", metavar="NAME", default="", help="Name of the module; by default the model's.")
@click.option(
    "--port",
    metavar="[IP:]PORT",
    default="5001",
    help="Where the device publishes the module; the default is 5001, for programs of the device only.",
)
@click.option(
    "--cpus", type=click.FloatRange(0.01), default=1.0, help="CPUs that the module may use; the default is 1."
)
@click.option("--memory", metavar="SIZE", default=_MEMORY, help=f"Memory that it may use; the default is {_MEMORY}.")
@OVERWRITE
def package(
    tracking: Tracking,
    *,
    name: str,
    version: str,
    file: Path | None,
    overrides: tuple[str, ...],
    iot_edge: bool,
    folder: Path,
    image: str,
    overwrite: bool,
    **options: object,
) -> int:
    """Write a model with its scoring server and environment as an image in an archive.

    The image needs nothing else: no workspace, no mounts, no credentials. `docker load` and other OCI tools read it. A
    model of MLflow needs no file; any other needs the script and the environment of a deployment. With --iot-edge,
    FOLDER/deployment.json makes it a module of Azure IoT Edge. The same inputs have the same digest.
    """
    from mlw.model_packages import edge_manifest, packaging  # noqa: PLC0415 - a wrong command line does not need it

    if not name and file is None:
        raise click.UsageError("Give --name, --file, or both.", click.get_current_context())
    if version and not name:
        raise click.UsageError("--version needs --name.", click.get_current_context())
    source = _source(tracking, name, version, file, overrides)
    made, number = _named(source)
    reference = _reference(image or f"{made.lower()}:{number}")
    chosen = _ModuleOptions(**{key: options[key] for key in _ModuleOptions.__slots__})  # type: ignore[arg-type]
    module = _module(chosen, chosen.module_name or made, reference, number) if iot_edge else None
    target = packaging.Target(
        archive=folder / f"{made}-{number}.tar", manifest=folder / packaging.MANIFEST_FILE if iot_edge else None
    )
    target.require_free(overwrites=overwrite)
    digest = packaging.write(source, target, reference, module=module, log=_say)
    print(f"Packaged: image '{reference}', {digest}")
    for path in filter(None, (target.archive, target.manifest)):
        print(f"  {path}")
    if module and edge_manifest.is_pulled(reference):
        print("Push the image to its registry before devices need it.")
    return DONE


def _source(
    tracking: Tracking, name: str, version: str, file: Path | None, overrides: tuple[str, ...]
) -> PackageSource:
    from mlw.environments.image_of import open_environments  # noqa: PLC0415 - as above
    from mlw.model_packages import package_contents  # noqa: PLC0415 - likewise

    reference = f"azureml:{name}{f':{version}' if version else ''}" if name else ""
    if file is None:
        access = open_environments(tracking.stack, tracking.principal)
        return package_contents.of_model(reference, lambda: tracking.client, access)
    from mlw.azure_files.loading import load  # noqa: PLC0415 - likewise

    document = load("online_deployment", file, overrides)
    access = open_environments(tracking.stack, tracking.principal)
    return package_contents.of_file(document, reference, lambda: tracking.client, access, _say)


def _named(source: PackageSource) -> tuple[str, str]:
    """Name and version of what is packaged: those of a registered model, or of the deployment in a file."""
    deployment = source.deployment
    if deployment.model and source.local_model is None:
        return deployment.model.name, deployment.model.version
    return f"{deployment.endpoint}-{deployment.name}", deployment.model.version if deployment.model else "1"


def _reference(given: str) -> str:
    if not _IMAGE.fullmatch(given):
        from mlw.model_packages.package_errors import ModelPackageError  # noqa: PLC0415 - only for the error

        raise ModelPackageError(
            f"packaging a model: the name of the image is '{given}'; allowed: NAME:TAG in lower case, e.g. churn:3 or "
            "registry.example.org/churn:3. Choose another one with --image."
        )
    return given


def _module(options: _ModuleOptions, name: str, reference: str, version: str) -> EdgeModule:
    from mlw.model_packages import edge_manifest  # noqa: PLC0415 - as above

    ip, port = edge_manifest.address_of(options.port)
    return edge_manifest.EdgeModule(
        name=edge_manifest.checked_name(name), image=reference, version=version, ip=ip, port=port,
        cpus=options.cpus, memory_bytes=edge_manifest.memory_of(options.memory),
    )  # fmt: skip


def _say(text: str) -> None:
    print(f"{PROGRAM}: {text}", file=sys.stderr, flush=True)
