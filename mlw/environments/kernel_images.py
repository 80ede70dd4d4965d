"""The image of an environment as a kernel of notebooks: its packages in the same versions, and ipykernel.

An environment that has ipykernel is its own kernel. For any other an image of the same list is made, in which the
resolver chooses ipykernel and what that needs; it shares the layers of large packages with the environment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.clients.registry.image_upload import ImageUpload
from mlw.assets.asset_references import AssetKind, AssetReference
from mlw.environments import base_images, conda_file, environment_images
from mlw.environments.environment_errors import EnvironmentFileError
from mlw.environments.image_of import EnvironmentAccess, plan_of
from mlw.environments.planning import Plan

KERNEL = "ipykernel"


@dataclass(frozen=True, kw_only=True)
class KernelImage:
    """What an instance makes a kernel of.

    Attributes:
        environment: The environment, as `NAME:VERSION`.
        python: Its version of Python.
        image: Digest of the image.
        layers: `digest` and `size` of its layers without those of the base image, the lowest first.
    """

    environment: str
    python: str
    image: str
    layers: Sequence[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """As the instance reads it."""
        return {"environment": self.environment, "python": self.python, "image": self.image, "layers": [*self.layers]}


def kernel_image(environment: str, access: EnvironmentAccess, log: Callable[[str], None]) -> KernelImage:
    """Provide the image of a registered environment as a kernel.

    Args:
        environment: `NAME:VERSION`, `NAME@latest` or `NAME`, each also with `azureml:`.
        access: The workspace's registry and its registered environments.
        log: Takes lines of progress.

    Raises:
        EnvironmentFileError: Its image is not one of packages.
        AssetNotFoundError: There is no such environment.
        UnresolvableError: ipykernel cannot be installed with its packages; quotes the resolver.
        PushRejectedError: An image would have to be built, and the login can only pull.
    """
    record = access.assets.resolve(AssetKind.ENVIRONMENT, AssetReference.parse(environment, AssetKind.ENVIRONMENT))
    name = f"{record.name}:{record.version}"
    plan = plan_of(record.document, access.assets)
    if plan.image:
        raise EnvironmentFileError(
            f"making a kernel of environment '{name}': it is the image '{plan.image}' as it is, whose files cannot be "
            "taken apart. Create a version with `conda_file`, on an image in docs/environments.md."
        )
    upload = ImageUpload(access.registry, environment_images.REPOSITORY)
    image = environment_images.provide(plan, access.registry, log)
    plan = _used(plan, image.digest, upload)
    packages = environment_images.labels_of(upload, image.digest)[environment_images.PACKAGES_LABEL].split()
    if KERNEL not in map(conda_file.name_of, packages):
        log(f"environment '{name}' has no {KERNEL}: adding it to the same packages")
        image = environment_images.provide(_with_kernel(plan, packages), access.registry, log)
    base = {one.digest for one in base_images.load(log).stacked}
    layers = [
        {"digest": one["digest"], "size": one["size"]}
        for one in upload.manifest_of(image.digest)["layers"]
        if one["digest"] not in base
    ]
    return KernelImage(environment=name, python=plan.python, image=image.digest, layers=layers)


def _used(plan: Plan, digest: str, upload: ImageUpload) -> Plan:
    """The plan that an image is of: its Python may not have been available."""
    if plan.fallback is None or upload.digest_of(environment_images.key_of(plan)) == digest:
        return plan
    return plan.fallback


def _with_kernel(plan: Plan, packages: Sequence[str]) -> Plan:
    options = [line for line in plan.requirements if line.startswith("-")]
    return replace(plan, requirements=(*options, *packages, KERNEL), lock="", is_raised=False, fallback=None)
