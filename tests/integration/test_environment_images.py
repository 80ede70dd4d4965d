"""Images of environments: resolved, built and pushed for real, pulled by the engine, run."""

import platform
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from docker import DockerClient
from docker.errors import ImageNotFound

from infra.clients.engine import image_pulls, job_leftovers
from infra.clients.registry import image_rights
from infra.clients.registry.image_upload import ImageUpload, PushRejectedError
from infra.clients.service_connection import ServiceConnection
from infra.errors import ImageMissingError
from mlw.environments import build_cache, environment_images, package_resolution, planning
from mlw.environments.environment_errors import UnresolvableError
from mlw.environments.environment_images import REPOSITORY, EnvironmentImage
from mlw.environments.image_of import EnvironmentAccess
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.job_errors import ComputeRightsError
from mlw.jobs.job_images import JobImages
from tests.support.fake_jobs import FakeLog
from tests.support.probes import probe_until
from tests.support.registry_container import PASSWORD, USER, running_registry

OPENMPI = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
Built = tuple[EnvironmentImage, list[str], float]
COLD_SECONDS = 60.0
"""Three times what a quiet machine needs at most."""


@pytest.fixture(scope="module")
def registry(engine: DockerClient) -> Iterator[ServiceConnection]:
    with running_registry(engine) as connection:
        yield connection


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache without layers, packages and lists."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("MLW_CACHE", str(folder))
        yield folder


def planned(*requirements: str, python: str = "3.11") -> planning.Plan:
    conda = {"dependencies": [f"python={python}", "pip", {"pip": list(requirements)}]}
    return planning.plan({"image": OPENMPI, "conda_file": conda}, allow_newer_python=True)


def provide(plan: planning.Plan, registry: ServiceConnection, lines: list[str] | None = None) -> EnvironmentImage:
    return environment_images.provide(plan, registry, ([] if lines is None else lines).append)


@pytest.fixture(scope="module")
def built(registry: ServiceConnection, cache: Path) -> tuple[EnvironmentImage, list[str], float]:
    """An image of three packages, what its build told, and how long it took."""
    lines: list[str] = []
    start = time.monotonic()
    image = provide(planned("scikit-learn==1.6.1", "pandas==2.2.3", "pyyaml"), registry, lines)
    return image, lines, time.monotonic() - start


@pytest.fixture(scope="module")
def pulled(engine: DockerClient, built: Built) -> Iterator[str]:
    """The image on the engine."""
    reference = built[0].reference
    login = {"username": USER, "password": PASSWORD}
    told = list(engine.api.pull(reference, stream=True, decode=True, auth_config=login))
    assert [one["error"] for one in told if "error" in one] == []
    yield reference
    engine.images.remove(reference)


def run(engine: DockerClient, image: str, *command: str) -> str:
    said = engine.containers.run(image, list(command), remove=True, network_mode="none")
    return said.decode()


def test_a_script_runs_with_the_packages(engine: DockerClient, pulled: str) -> None:
    script = """
        import pandas, sklearn, yaml, sys, os
        compiled = all(os.path.exists(one.__cached__) for one in (pandas, sklearn, yaml))
        print(sys.version_info[:2], sklearn.__version__, pandas.__version__, compiled, os.getuid())
    """

    assert run(engine, pulled, "python", "-c", textwrap.dedent(script)).split() == [
        "(3,", "11)", "1.6.1", "2.2.3", "True", "10001",
    ]  # fmt: skip


def test_scripts_have_pip_and_what_older_ones_import(engine: DockerClient, pulled: str) -> None:
    said = run(engine, pulled, "sh", "-c", "pip --version && f2py -v && python -c 'import distutils, pkg_resources'")

    assert "/usr/local/lib/python3.11/dist-packages/pip" in said


def test_an_image_names_its_packages_and_only_those(engine: DockerClient, pulled: str, built: Built) -> None:
    labels = engine.images.get(pulled).labels
    listed = run(engine, pulled, "cat", "/usr/local/share/ml-workspace/requirements.txt").split()

    assert labels[environment_images.PACKAGES_LABEL].split() == listed
    assert {"scikit-learn==1.6.1", "pandas==2.2.3"} <= set(listed)
    assert not [one for one in listed if one.startswith("mlflow")]


def test_a_build_streams_what_it_does(built: Built) -> None:
    image, lines, seconds = built

    assert [line for line in lines if line.startswith("resolving 4 requirements")]
    assert any("MiB: pushed" in line for line in lines)
    assert f"pushed {image.digest}" in lines[-1]
    assert seconds < COLD_SECONDS


def test_images_of_a_registry_are_removed_with_its_port(
    engine: DockerClient, registry: ServiceConnection, built: Built, pulled: str
) -> None:
    port = int(registry.endpoint.rpartition(":")[2])
    job_leftovers.remove_images([port + 1])
    assert engine.images.get(pulled)

    try:
        job_leftovers.remove_images([port])

        with pytest.raises(ImageNotFound):
            engine.images.get(pulled)
    finally:
        image_pulls.provide(pulled, {"username": USER, "password": PASSWORD})


def test_an_unchanged_environment_is_found_at_once(registry: ServiceConnection, built: Built) -> None:
    lines: list[str] = []

    again = provide(planned("pyyaml", "scikit-learn==1.6.1", "pandas==2.2.3"), registry, lines)

    assert again == built[0]
    assert not [line for line in lines if line.startswith("resolving") or "pushed" in line]


def test_the_same_environment_is_the_same_image_whoever_builds_it(
    engine: DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the two builds is shared: neither cache nor registry, nor what else was compiled with a package."""
    wanted, more = planned("six==1.17.0", "pyyaml==6.0.2"), planned("six==1.17.0", "idna==3.10", "certifi")
    digests: list[str] = []
    for name in ("one", "other"):
        monkeypatch.setenv("MLW_CACHE", str(tmp_path / name))
        with running_registry(engine) as registry:
            if digests:
                provide(more, registry)
            digests.append(provide(wanted, registry).digest)

    assert digests[0] == digests[1]


def test_two_builds_of_the_same_image_make_it_once(registry: ServiceConnection, cache: Path) -> None:
    lines: list[str] = []

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: provide(planned("toolz==1.0.0"), registry, lines), range(2)))

    assert found[0] == found[1]
    assert len([line for line in lines if line.startswith("resolving")]) == 1


@pytest.mark.parametrize(
    ("requirements", "message"),
    [
        (["numpy==99.1"], "there is no version of numpy==99.1"),
        (["pandas==2.2.3", "numpy==1.21.6"], "numpy"),
        (["a-package-that-nobody-has-made-yet"], "was not found in the package registry"),
    ],
    ids=["no such version", "a conflict", "no such package"],
)
def test_what_cannot_be_resolved_says_why_and_leaves_no_image(
    registry: ServiceConnection, cache: Path, requirements: Sequence[str], message: str
) -> None:
    before = tags(registry)

    with pytest.raises(UnresolvableError, match=message):
        provide(planned(*requirements), registry)

    assert tags(registry) == before


def test_pins_that_a_newer_python_does_not_have_become_the_next_ones(registry: ServiceConnection, cache: Path) -> None:
    plan = planned("pandas==1.3.0", "six", python="3.8")

    found, again = provide(plan, registry), provide(plan, registry)

    assert "warning: for this Python 'pandas==1.3.0' became 'pandas==1.5.0'" in found.notices
    assert again == found


def test_a_curated_environment_of_an_earlier_python_works(cache: Path) -> None:
    """Its scikit-learn has no release for this Python, and the next one was compiled for NumPy 1."""
    plan = planning.plan("azureml://registries/azureml/environments/sklearn-1.0/labels/latest")
    lines: list[str] = []

    with build_cache.building("resolving", lines.append) as folder:
        target = package_resolution.Target(python=plan.python, machine=platform.machine())
        listed, notices = package_resolution.resolve(plan, target, folder, lines.append)

    versions = package_resolution.versions_of(listed)
    assert (versions["scikit-learn"], versions["numpy"].partition(".")[0]) == ("1.1.3", "1")
    assert "warning: for this Python 'scikit-learn==1.0.*' became 'scikit-learn==1.1.3'" in notices


def test_a_wrong_password_is_told(registry: ServiceConnection, cache: Path) -> None:
    stranger = ServiceConnection(endpoint=registry.endpoint, credentials={"username": USER, "password": "wrong"})

    with pytest.raises(PushRejectedError, match="rejected the credentials"):
        provide(planned("six"), stranger)


def test_a_killed_build_leaves_nothing_half(registry: ServiceConnection, cache: Path, tmp_path: Path) -> None:
    before = tags(registry)
    program = f"""
        from tests.integration.test_environment_images import planned, ServiceConnection, environment_images
        registry = ServiceConnection(endpoint={registry.endpoint!r}, credentials={dict(registry.credentials)!r})
        environment_images.provide(planned("fonttools==4.55.0"), registry, lambda line: print(line, flush=True))
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True) as build:
        assert build.stdout is not None
        assert any(line.startswith("compiling") for line in build.stdout)
        build.send_signal(signal.SIGKILL)
    assert tags(registry) == before

    image = provide(planned("fonttools==4.55.0"), registry)

    assert image.digest
    probe_until(lambda: _is_empty(cache / "environments" / "work"), what="no folder of a build")


def _is_empty(folder: Path) -> None:
    assert list(folder.iterdir()) == []


def tags(registry: ServiceConnection) -> list[str]:
    auth = (registry.credentials["username"], registry.credentials["password"])
    found = requests.get(f"{registry.endpoint}/v2/{REPOSITORY}/tags/list", auth=auth, timeout=20)
    return sorted(found.json().get("tags") or [])


def test_an_image_can_be_deleted(registry: ServiceConnection, cache: Path) -> None:
    upload = ImageUpload(registry, REPOSITORY)
    image = provide(planned("six==1.16.0"), registry)

    assert upload.delete(image.digest)

    assert not upload.delete(image.digest)
    assert environment_images.labels_of(upload, image.digest) == {}


def test_an_image_that_cannot_be_pulled_says_why(registry: ServiceConnection) -> None:
    host = registry.endpoint.partition("://")[2]

    with pytest.raises(ImageMissingError, match=r"cannot pull it: .* Load it with `docker load`"):
        image_pulls.provide(f"{host}/nothing:1", registry.credentials)


def test_an_image_that_the_engine_has_is_not_pulled(pulled: str) -> None:
    assert not image_pulls.provide(pulled)


def test_a_job_gets_an_image_only_with_a_login_of_its_compute_that_may_pull_it(
    pulled: str, registry: ServiceConnection, cache: Path
) -> None:
    assert cache
    wrong = replace(registry, credentials={"username": USER, "password": "another"})
    job = CommandJob(name="j", command="true", environment={"image": pulled}, compute="cpu-cluster")

    def images(login: ServiceConnection) -> JobImages:
        return JobImages(access=EnvironmentAccess(registry=registry, assets=None), login_of=lambda _: login)  # type: ignore[arg-type]

    assert images(registry).image_of(job, FakeLog()) == pulled
    with pytest.raises(ComputeRightsError, match="does not allow it to the principal of compute 'cpu-cluster'"):
        images(wrong).image_of(job, FakeLog())
    assert not image_rights.may_pull(wrong, "environments:latest")
