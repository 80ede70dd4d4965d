"""A service's container, hardened the same way for all: non-root, read-only, no capabilities, loopback ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from infra import service_images
from infra.components.component import UNCHANGED_LABELS, ServiceComponent
from infra.components.docker_objects import Container, Volume, as_labels
from infra.components.provisioning_context import ProvisioningContext
from infra.resources.volume_files import VolumeFiles
from infra.resources.volume_guard import VolumeGuard
from infra.services import Service
from infra.settings import Limit

LOOPBACK = "127.0.0.1"
CERTIFICATE, PRIVATE_KEY, CA_CERTIFICATE = "public.crt", "private.key", "ca.crt"
"""Files at the top level of the volume `config` of a stack with TLS."""

STOP_GRACE_SECONDS = 30
"""Timeout of a graceful stop; without it, the provider kills data services immediately."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceContainer:
    """The container of a component's service."""

    service: Service

    command: Sequence[str]
    """Full command line, starting with the program."""

    files: Mapping[str, pulumi.Input[str]]
    """Files on the volume `config`: name to content. A changed file replaces the container."""

    live_files: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Files in the folder `live` of the volume `config`, which the service reloads when they change."""

    environment: Mapping[str, str] = field(default_factory=dict)
    aliases: Sequence[str] = ()
    """Further host names in the stack's network."""

    networks: Sequence[str] = ()
    """Further networks, of other stacks whose services it uses."""

    memory_mib: pulumi.Input[int] = 512
    """Memory limit if the stack file sets none."""

    cpus: float | None = None
    """Limit of CPUs if the stack file sets none; may be more than the engine has. None for no limit."""

    may_stop: bool = False
    """Whether it may stop without being repaired: it then starts again only after a crash, or when it is asked to."""


def run(component: ServiceComponent, wanted: ServiceContainer, context: ProvisioningContext) -> Container:
    """Create a service's volumes and its container."""
    service = wanted.service
    name, image = component.container_name(service), service_images.table()[service.image]
    labels = context.identity.labels(component.resource_id)
    limit = context.limits.get(service.name, Limit())
    memory_mib = wanted.memory_mib if limit.memory_in_gb is None else int(limit.memory_in_gb * 1024)
    volumes = _volumes(component, service, context)
    files = VolumeFiles(
        f"{name}-files",
        volume=volumes["config"].name,
        files={**wanted.files, **_certificate_files(name, context)},
        live_files=wanted.live_files,
        image_id=context.image(service.image),
        user=image.user,
        labels=labels,
        opts=component.child_options(deleted_with=volumes["config"]),
    )
    return Container(
        name,
        {
            "name": name,
            "image": context.image(service.image),
            "entrypoints": [wanted.command[0]],
            "command": list(wanted.command[1:]),
            "user": image.user,
            "envs": [*(f"{key}={value}" for key, value in wanted.environment.items()), _files_digest(files)],
            "labels": as_labels(labels),
            "networksAdvanced": [_network(wanted, context), *({"name": network} for network in wanted.networks)],
            "ports": [
                {"internal": one.port, "external": context.port(component.use(one)), "ip": LOOPBACK}
                for one in service.endpoints
            ],
            "volumes": [
                {"volumeName": volumes[part].name, "containerPath": path} for part, path in service.volumes.items()
            ],
            "memory": memory_mib,
            # Equal to the memory limit, which disables swap: secrets must not be written to disk.
            "memorySwap": memory_mib,
            **({} if limit.cpu is None else {"cpus": as_the_provider_reads(limit.cpu)}),
            **_SAME_FOR_ALL,
            **(_MAY_STOP if wanted.may_stop else {}),
            **({} if wanted.cpus is None else {"cpuPeriod": _PERIOD, "cpuQuota": int(wanted.cpus * _PERIOD)}),
        },
        pulumi.ResourceOptions.merge(component.child_options(), UNCHANGED_LABELS),
    )


_SAME_FOR_ALL: Mapping[str, Any] = {
    "workingDir": "/",
    "networkMode": "bridge",
    # A core dump would contain every secret in memory.
    "ulimits": [{"name": "core", "soft": 0, "hard": 0}],
    "tmpfs": {"/tmp": "rw,noexec,nosuid,size=64m,mode=1777"},  # noqa: S108 - the container's own
    "readOnly": True,
    "capabilities": {"drops": ["ALL"]},
    "securityOpts": ["no-new-privileges:true"],
    "restart": "unless-stopped",
    "destroyGraceSeconds": STOP_GRACE_SECONDS,
    "logDriver": "json-file",
    "logOpts": {"max-size": "10m", "max-file": "3"},
}
"""Properties of every container."""

_MAY_STOP: Mapping[str, Any] = {"restart": "on-failure", "mustRun": False}

_PERIOD = 100_000
"""Microseconds; the engine's own default. Unlike a number of CPUs, a quota may exceed what the machine has."""


def _network(wanted: ServiceContainer, context: ProvisioningContext) -> dict[str, Any]:
    return {"name": context.network, **({"aliases": list(wanted.aliases)} if wanted.aliases else {})}


def _certificate_files(container: str, context: ProvisioningContext) -> dict[str, pulumi.Input[str]]:
    """Certificate, key and CA certificate, with the names that MinIO expects; empty without TLS."""
    if context.certificates is None:
        return {}
    own = context.certificates.of(container)
    return {CERTIFICATE: own.certificate, PRIVATE_KEY: own.private_key, CA_CERTIFICATE: own.ca_certificate}


def certificate_paths(folder: str) -> dict[str, str]:
    """Certificate and key in the configuration of a server of this project; `folder` is that of the volume `config`."""
    return {"certificate": f"{folder}/{CERTIFICATE}", "privateKey": f"{folder}/{PRIVATE_KEY}"}


def as_the_provider_reads(cpu: float) -> str:
    """Format CPUs as the provider does in the state; any other form would replace the container in every update."""
    text = f"{cpu:.9f}"
    return f"{cpu:.1f}" if text.count("0") == 9 else text.rstrip("0")  # noqa: PLR2004 - the provider's own rule


def _files_digest(files: VolumeFiles) -> pulumi.Output[str]:
    # A digest of random secrets reveals nothing, and a secret digest would hide every change of the environment.
    return pulumi.Output.unsecret(files.digest).apply(lambda digest: f"MLW_FILES={digest}")


def _volumes(component: ServiceComponent, service: Service, context: ProvisioningContext) -> dict[str, Volume]:
    """The service's volumes, which only their guard removes from the engine.

    The guard creates nothing there, so it need not depend on the reservation.
    """
    names = component.volume_names(service)
    guard = VolumeGuard(
        f"{component.container_name(service)}-volumes",
        stack_id=context.identity.stack_id,
        resource_name=component.resource_name,
        volumes=list(names.values()),
        opts=component.child_options(),
    )
    kept = pulumi.ResourceOptions(
        retain_on_delete=True,
        ignore_changes=["labels", "driver", "driverOpts"],
        depends_on=[guard, context.reservation],
    )
    labels = context.identity.labels(component.resource_id)
    return {
        volume: Volume(
            name,
            {"name": name, "labels": as_labels(labels)},
            pulumi.ResourceOptions.merge(component.child_options(), kept),
        )
        for volume, name in names.items()
    }
