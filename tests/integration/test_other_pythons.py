"""A version of Python that the base image does not have, brought for real: its image on the engine."""

import textwrap
from collections.abc import Iterator

import pytest
from docker import DockerClient

from infra.clients.engine import image_pulls
from infra.clients.service_connection import ServiceConnection
from mlw.environments import environment_images, interpreters, planning
from mlw.environments.interpreters import InterpreterMissingError
from tests.support.registry_container import running_registry

CONDA = {"dependencies": ["python=3.12", "pip", {"pip": ["pyyaml==6.0.2", "numpy==2.1.3"]}]}
ENVIRONMENT = {"image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04", "conda_file": CONDA}
SCRIPT = """
import bz2, ctypes, decimal, json, lzma, numpy, os, sqlite3, ssl, sys, uuid, yaml, zlib
compiled = all(os.path.exists(one.__cached__) for one in (numpy, json, yaml))
trusted = len(ssl.create_default_context().get_ca_certs()) > 50
print(sys.version_info[:2], sys.prefix, numpy.__version__, compiled, trusted)
"""


@pytest.fixture(scope="module")
def registry(engine: DockerClient) -> Iterator[ServiceConnection]:
    with running_registry(engine) as connection:
        yield connection


def test_python_3_12_runs_with_its_packages_and_certificates(engine: DockerClient, registry: ServiceConnection) -> None:
    lines: list[str] = []
    plan = planning.plan(ENVIRONMENT)
    image = environment_images.provide(plan, registry, lines.append)
    assert [one for one in image.notices if "warning" in one] == []
    image_pulls.provide(image.reference, registry.credentials)
    try:
        said = [
            engine.containers.run(image.reference, list(command), remove=True, network_mode="none").decode()
            for command in (("python", "-c", textwrap.dedent(SCRIPT)), ("pip", "--version"), ("f2py", "-v"))
        ]
    finally:
        engine.images.remove(image.reference)

    assert said[0].strip() == "(3, 12) /usr/local 2.1.3 True True"
    assert "/usr/local/lib/python3.12/site-packages/pip" in said[1]
    assert said[2].strip() == "2.1.3"


def test_an_environment_runs_on_the_base_images_python_if_its_own_cannot_be_brought(
    registry: ServiceConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(version: str, *_: object) -> None:
        if interpreters.identity(version):
            raise InterpreterMissingError(f"bringing Python {version}: no route to host")

    monkeypatch.setattr(interpreters, "provide", fail)
    conda = {"dependencies": ["python=3.13", "pip", {"pip": ["six==1.17.0"]}]}
    lines: list[str] = []

    image = environment_images.provide(planning.plan({**ENVIRONMENT, "conda_file": conda}), registry, lines.append)

    assert "Python 3.11 replaces Python 3.13, which cannot be had here" in image.notices[-1]
    assert "warning: bringing Python 3.13: no route to host" in lines
