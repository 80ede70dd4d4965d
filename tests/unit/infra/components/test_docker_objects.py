"""Docker objects are registered with the types, property names and version of the provider's own package."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_docker
import pytest
from pulumi.runtime import mocks as pulumi_mocks

from infra import settings
from infra.components import docker_objects
from infra.program import provision
from tests.support.mocks import RecordingMocks
from tests.support.provider_properties import inputs_of

ROOT = Path(__file__).parents[4]
CONFIG = {
    "ml-workspace:workload": "churn",
    "ml-workspace:tags": '{"owner": "a@example.org", "cost-center": "4711", "project": "churn"}',
    "ml-workspace:limits": '{"keyVault": {"cpu": 0.5}}',
}
OBJECTS = (docker_objects.Container, docker_objects.Network, docker_objects.Volume)


@pytest.fixture(scope="module")
def registered(event_loops: None) -> RecordingMocks:
    """The registrations of the whole program."""
    recording = RecordingMocks()
    pulumi.runtime.set_mocks(recording, project="ml-workspace", stack="dev")

    @pulumi_mocks.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[Any]:
        return pulumi.Output.all(*provision(settings.load(CONFIG, stack="dev")).values())

    program()
    return recording


def names_in(value: object, prefix: str = "") -> Iterator[str]:
    """Every property of a registration, nested ones with dots; keys of maps are values, not properties."""
    for item in value if isinstance(value, list) else [value]:
        for name, inner in item.items() if isinstance(item, dict) else ():
            yield prefix + name
            if name not in {"tmpfs", "logOpts"}:
                yield from names_in(inner, f"{prefix}{name}.")


@pytest.mark.parametrize("kind", OBJECTS, ids=lambda kind: kind.__name__)
def test_properties_and_type_are_the_packages(
    registered: RecordingMocks, kind: type[docker_objects.DockerObject]
) -> None:
    of_type = registered.of_type(kind.token)
    known = set(inputs_of(getattr(pulumi_docker, f"{kind.__name__}Args")))

    assert kind.token == f"docker:index/{kind.__name__.lower()}:{kind.__name__}"
    assert of_type
    assert {name for one in of_type for name in names_in(one.inputs)} - known == set()


def test_the_version_is_the_packages() -> None:
    assert docker_objects.version() == pulumi_docker._utilities._version_str


def test_the_program_does_not_import_the_package() -> None:
    script = "import sys; import infra.program; print('pulumi_docker' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
