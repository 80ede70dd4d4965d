"""Docker's own client with the credentials of principals: what it can push and pull, at which address."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from tests.support.oci import layer_with
from tests.support.principals import Person
from tests.support.processes import Finished, run
from tests.support.stacks import LiveStack


class Docker:
    """A docker client with its own configuration, where it keeps its logins."""

    def __init__(self, stack: LiveStack, folder: Path) -> None:
        self._endpoints = stack.outputs["endpoints"]
        self._folder = folder
        self._environment = {**stack.stack.environment.variables, "DOCKER_CONFIG": str(folder)}

    def __call__(self, *arguments: str, stdin: str = "") -> Finished:
        """Run a docker command."""
        return run(["docker", *arguments], cwd=self._folder, env=self._environment, stdin=stdin)

    def login(self, who: Person, use: str) -> Finished:
        """Log in to one of the registry's addresses."""
        user, password = who.held["registryUsername"], who.held["registryPassword"]
        return self("login", self._endpoints[use], "--username", user, "--password-stdin", stdin=password)

    def reference(self, use: str, marker: str) -> str:
        """Name the image of a test at one of the addresses."""
        return f"{self._endpoints[use]}/images/{marker}:v1"


@pytest.fixture
def docker(roles_stack: LiveStack, tmp_path: Path) -> Docker:
    """A docker client that has not logged in yet."""
    return Docker(roles_stack, tmp_path)


@pytest.fixture
def images(docker: Docker, engine: DockerClient, marker: str) -> Iterator[dict[str, str]]:
    """One image tagged for each address; all tags are removed at the end."""
    names = {use: docker.reference(use, marker) for use in ("registry", "registryReadOnly")}
    for name in names.values():
        engine.api.import_image_from_data(layer_with("content", marker.encode()), repository=name[:-3], tag="v1")
    yield names
    for name in names.values():
        docker("rmi", "--force", name)


def test_push_role_can_push_and_pull_role_can_pull(
    docker: Docker, images: dict[str, str], engine: DockerClient, people: dict[str, Person]
) -> None:
    layers = engine.images.get(images["registry"]).attrs["RootFS"]["Layers"]
    docker.login(people["data-scientist"], "registry").check()
    docker("push", images["registry"]).check()
    docker("rmi", "--force", *images.values()).check()

    docker.login(people["reader"], "registryReadOnly").check()
    docker("pull", images["registryReadOnly"]).check()

    assert engine.images.get(images["registryReadOnly"]).attrs["RootFS"]["Layers"] == layers


def test_pull_role_cannot_push(docker: Docker, images: dict[str, str], people: dict[str, Person]) -> None:
    refused = docker.login(people["reader"], "registry")
    docker.login(people["reader"], "registryReadOnly").check()

    pushed = [docker("push", image) for image in images.values()]

    assert refused.exit_code != 0
    assert "401" in refused.output or "unauthorized" in refused.output.lower()
    assert all(attempt.exit_code != 0 for attempt in pushed)
