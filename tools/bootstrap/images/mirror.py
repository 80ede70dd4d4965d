"""Fill a private mirror, so that machines without access to public registries do not have to build anything.

Pushes the images that this machine has; ``ensure`` provides them. Credentials come from the user's ``docker login``, or
are passed for one push and kept in a folder that is removed after it.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.images import docker_cli, image_table
from tools.bootstrap.images.recipe import RECIPE_LABEL, image_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.bootstrap.images.image_table import Service
    from tools.bootstrap.progress import Report


class PushError(BootstrapError):
    """An image could not be pushed; the text says what to do."""


def push(names: Sequence[str], mirror: str, *, report: Report, login: tuple[str, str] | None = None) -> None:
    """Push finished images as ``<mirror>/ml-workspace/<service>:<version>``.

    Args:
        names: Which ones. By default those that every workspace needs, and of the others those that this machine has.
        mirror: Address of the registry.
        report: Takes the progress lines.
        login: Name and password for this push.

    Raises:
        PushError: This machine does not have an image, or the registry does not take it.
    """
    services = image_table.named(names) if names else image_table.load()
    local = docker_cli.inspect([service.image for service in services])
    current = [one for one in services if _is_current(one, local.get(one.image))]
    if missing := [one.image for one in services if one not in current and (names or one.needed_by is None)]:
        raise PushError(
            f"cannot push to {mirror}: this machine has no current image {missing[0]!r}; "
            f"run 'python3 -m tools.bootstrap {' '.join(('images', *names))}' first"
        )
    with _credentials(mirror, login) as options:
        for service in current:
            _push_one(service, service.mirrored(mirror), options)
            report(f"pushed {service.mirrored(mirror)}")


def _is_current(service: Service, image: docker_cli.Image | None) -> bool:
    return image is not None and image.labels.get(RECIPE_LABEL) == image_recipe(service)


def _push_one(service: Service, reference: str, options: Sequence[str]) -> None:
    """Push one image under a tag that exists only during the push."""
    docker_cli.call("tag", service.image, reference)
    try:
        docker_cli.call(*options, "push", "--quiet", reference, seconds=docker_cli.TRANSFER_SECONDS)
    except docker_cli.DockerError as exc:
        raise PushError(
            f"pushing {reference} failed: {exc}; check the address and log in with 'docker login', "
            f"or pass --username and --password-stdin"
        ) from exc
    finally:
        docker_cli.call("rmi", reference)


@contextmanager
def _credentials(mirror: str, login: tuple[str, str] | None) -> Iterator[tuple[str, ...]]:
    """Log in for one push only: the user's own logins are neither used nor changed."""
    if login is None:
        yield ()
        return
    username, password = login
    with tempfile.TemporaryDirectory(prefix="mlw-login-") as folder:
        # Another configuration folder would also select another engine, if the user selected one by a context.
        engine = docker_cli.call("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()
        options = ("--config", folder, "--host", engine)
        host = mirror.partition("/")[0]
        arguments = ("login", "--username", username, "--password-stdin", host)
        try:
            docker_cli.call(*options, *arguments, stdin=password.encode())
        except docker_cli.DockerError as exc:
            raise PushError(f"logging in to {host!r} as {username!r} failed: {exc}") from exc
        yield options
