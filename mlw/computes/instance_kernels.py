"""Environments of the workspace as kernels of a compute instance.

The image is provided here, where the packages are resolved. The instance brings its layers from the workspace's
registry with its user's own login, and unpacks them into the home volume; it gets nothing of the engine.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from infra.errors import MlWorkspaceError
from mlw.computes.instance_requests import asking, refused

if TYPE_CHECKING:
    from mlw.computes.instances import Instance
    from mlw.environments.kernel_images import KernelImage

_PATH = "/environments/kernels"
_ADDING_SECONDS = 600.0
"""Between two lines of progress: one layer is brought and unpacked."""

_LISTING_SECONDS = 60.0
"""Sizes are counted."""


class KernelFailedError(MlWorkspaceError):
    """A kernel cannot be added or removed."""


def add(instance: Instance, image: KernelImage, log: Callable[[str], None]) -> dict[str, Any]:
    """Add a kernel, or replace that of the same environment; one that is there is left alone.

    Raises:
        KernelFailedError: The instance cannot bring it; says why.
        InstanceLoginError: The instance does not run, or refuses the token.
    """
    doing = f"adding environment '{image.environment}' to compute instance '{instance.name}'"
    body = json.dumps(image.as_json())
    with asking(instance, "POST", _PATH, doing, body=body, timeout_seconds=_ADDING_SECONDS) as response:
        if response.status != HTTPStatus.OK:
            raise refused(instance, response.status, doing)
        for line in response:
            said = json.loads(line)
            if "added" in said:
                return dict(said["added"])
            if "failed" in said:
                raise KernelFailedError(f"{doing}: {said['failed']}.")
            log(said["progress"])
    raise KernelFailedError(f"{doing}: it was interrupted. `docker logs {instance.container}` shows its output.")


def kernels_of(instance: Instance) -> list[dict[str, Any]]:
    """The environments that an instance has as kernels, and the MiB that each takes."""
    doing = f"listing the kernels of compute instance '{instance.name}'"
    with asking(instance, "GET", _PATH, doing, timeout_seconds=_LISTING_SECONDS) as response:
        if response.status != HTTPStatus.OK:
            raise refused(instance, response.status, doing)
        return list(json.load(response))


def remove(instance: Instance, environment: str) -> None:
    """Remove a kernel with its files.

    Raises:
        KernelFailedError: There is none, or it runs.
    """
    doing = f"removing environment '{environment}' from compute instance '{instance.name}'"
    known = {str(one["environment"]): str(one["kernel"]) for one in kernels_of(instance)}
    name = known.get(environment.removeprefix("azureml:"))
    if name is None:
        raise KernelFailedError(
            f"{doing}: it is not one of its kernels; those are: {', '.join(sorted(known)) or 'none'}. Name one of them "
            "as NAME:VERSION."
        )
    with asking(instance, "DELETE", f"{_PATH}/{name}", doing, timeout_seconds=_LISTING_SECONDS) as response:
        if response.status in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
            raise KernelFailedError(f"{doing}: {json.load(response)['message']}.")
        if response.status != HTTPStatus.NO_CONTENT:
            raise refused(instance, response.status, doing)
