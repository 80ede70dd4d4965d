"""A mirror for machines that reach no public registry: filled from one machine, used by another, both for real.

The other machine is a second Docker engine with its own empty store, so that images can come only from the mirror, and
so that the images of this machine are never touched.
"""

import io
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import bcrypt
import pytest
from docker import DockerClient

from tests.support.probes import probe_until
from tests.support.processes import Finished, finish, kill_session, run, start
from tests.support.second_engine import address_of, second_engine
from tools.bootstrap.images import ensure, image_table
from tools.bootstrap.images.recipe import RECIPE_LABEL, SOURCE_LABEL, image_recipe

REPOSITORY = Path(__file__).resolve().parents[2]
SERVICES = {service.name: service for service in image_table.load() if service.needed_by is None}
TAGS = sorted(service.image for service in SERVICES.values())
OPTIONAL = image_table.named(["python"])[0]
"""An image that no workspace needs by itself."""
USER = "mirror-user"
CONFIGURATION = """
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /var/lib/registry}}
http: {addr: ":5000"}
auth: {htpasswd: {realm: mirror, path: /etc/distribution/htpasswd}}
"""


@dataclass(frozen=True)
class Mirror:
    """A registry that requires a password."""

    address: str
    password: str

    def refuses_strangers(self) -> None:
        """Fail until the registry responds and rejects anonymous requests."""
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://{self.address}/v2/", timeout=5)


@dataclass(frozen=True)
class OtherMachine:
    """A separate engine, and the environment of a user who works with it."""

    engine: DockerClient
    env: dict[str, str]

    def begin_bootstrap(self, mirror: Mirror, *names: str) -> subprocess.Popen[str]:
        """Start the project's command for images on this machine."""
        env = {**self.env, "MLW_IMAGE_REGISTRY": mirror.address}
        return start([sys.executable, "-m", "tools.bootstrap", "images", *names], cwd=REPOSITORY, env=env)

    def bootstrap(self, mirror: Mirror, *names: str) -> Finished:
        """Run that command to its end."""
        return finish(self.begin_bootstrap(mirror, *names), timeout_seconds=600)

    def tags(self) -> list[str]:
        """Return the tags of all images, including unnamed ones."""
        return sorted(tag for image in self.engine.images.list() for tag in image.tags or ["<none>"])


def archive_of(files: dict[str, str]) -> bytes:
    """Pack files in the engine's format, readable by the registry's user."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.fixture(scope="module")
def empty_mirror(engine: DockerClient) -> Iterator[Mirror]:
    """The project's own registry image, as a mirror."""
    password = secrets.token_hex(8)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    container = engine.containers.create(
        SERVICES["registry"].image,
        ["serve", "/etc/distribution/config.yml"],
        environment={"OTEL_TRACES_EXPORTER": "none"},
        ports={"5000/tcp": ("127.0.0.1", 0)},
    )
    try:
        container.put_archive(
            "/etc/distribution", archive_of({"config.yml": CONFIGURATION, "htpasswd": f"{USER}:{hashed}\n"})
        )
        container.start()
        (published,) = engine.api.port(str(container.id), 5000)
        port = published["HostPort"]
        mirror = Mirror(address=f"127.0.0.1:{port}", password=password)
        probe_until(mirror.refuses_strangers, what="the mirror's answer")
        yield mirror
    finally:
        container.remove(force=True, v=True)


@pytest.fixture(scope="module")
def mirror(empty_mirror: Mirror) -> Mirror:
    """The mirror, filled with the images of this machine."""
    push(
        empty_mirror, *SERVICES, OPTIONAL.name, "--username", USER, "--password-stdin", stdin=empty_mirror.password
    ).check()
    return empty_mirror


def push(mirror: Mirror, *options: str, stdin: str = "") -> Finished:
    """Run the project's command that fills a mirror, on this machine."""
    command = [sys.executable, "-m", "tools.bootstrap", "images", "--push", mirror.address, *options]
    return run(command, cwd=REPOSITORY, env=os.environ, stdin=stdin, timeout_seconds=600)


@pytest.fixture(scope="module")
def foreign(mirror: Mirror, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of the mirror with an image of the same binary, but another user, start command and volumes."""
    folder = f"{mirror.address}/foreign"
    reference = SERVICES["collector"].mirrored(folder)
    env = {**os.environ, "DOCKER_CONFIG": str(tmp_path_factory.mktemp("login"))}
    log_in(mirror, env)
    lines = [f"FROM {SERVICES['collector'].image}", "USER 0", "ENTRYPOINT []", "LABEL ml-workspace.recipe=none"]
    build = ["docker", "build", "--quiet", "--tag", reference, "-"]
    run(build, cwd=REPOSITORY, env=env, stdin="\n".join([*lines, "VOLUME /data", ""])).check()
    try:
        run(["docker", "push", "--quiet", reference], cwd=REPOSITORY, env=env).check()
    finally:
        run(["docker", "rmi", reference], cwd=REPOSITORY, env=env).check()
    return folder


def log_in(mirror: Mirror, env: Mapping[str, str]) -> None:
    """Log in to the mirror as its users do once."""
    command = ["docker", "login", "--username", USER, "--password-stdin", mirror.address]
    run(command, cwd=REPOSITORY, env=env, stdin=mirror.password).check()


@pytest.fixture
def other(engine: DockerClient, mirror: Mirror) -> Iterator[OtherMachine]:
    """A machine without any image, whose user has logged in to the mirror.

    Its folder is not one of pytest's, whose names are too long for the engine's sockets (104 characters).
    """
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("starting a second engine needs root and the command 'dockerd'")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DOCKER_", "MLW_"))}
    own = {"DOCKER_CONFIG": "docker-config", "MLW_HOME": "home", "MLW_CACHE": "cache"}
    with tempfile.TemporaryDirectory(prefix="mlw-") as made, second_engine(engine, folder := Path(made)) as client:
        env = kept | {key: str(folder / name) for key, name in own.items()}
        machine = OtherMachine(engine=client, env=env | {"DOCKER_HOST": address_of(folder)})
        log_in(mirror, machine.env)
        yield machine


def test_machine_without_images_gets_identical_ones_from_the_mirror(
    engine: DockerClient, mirror: Mirror, other: OtherMachine
) -> None:
    first = other.bootstrap(mirror).check()
    second = other.bootstrap(mirror).check()

    assert "building" not in first.output
    assert other.tags() == TAGS
    for tag in TAGS:
        assert other.engine.images.get(tag).attrs["Id"] == engine.images.get(tag).attrs["Id"]
        assert other.engine.images.get(tag).attrs["Config"] == engine.images.get(tag).attrs["Config"]
    assert second.output == "images: everything is there\n"


def test_an_optional_image_comes_from_the_mirror_when_it_is_named(
    engine: DockerClient, mirror: Mirror, other: OtherMachine
) -> None:
    other.bootstrap(mirror, OPTIONAL.name).check()

    assert other.tags() == [OPTIONAL.image]
    assert other.engine.images.get(OPTIONAL.image).id == engine.images.get(OPTIONAL.image).id


def test_killed_run_is_finished_by_the_next_one(mirror: Mirror, other: OtherMachine) -> None:
    killed = other.begin_bootstrap(mirror)
    probe_until(lambda: other.engine.images.list()[0], what="the first image of the run that is to be killed")
    kill_session(killed.pid)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL

    other.bootstrap(mirror).check()

    assert other.tags() == TAGS
    assert other.engine.containers.list(all=True) == []


@pytest.mark.parametrize("source", ["mirror", "pulled"])
def test_only_the_binary_of_a_foreign_image_is_used(
    engine: DockerClient,
    foreign: str,
    other: OtherMachine,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
) -> None:
    service = SERVICES["collector"]
    for name, value in other.env.items():
        monkeypatch.setenv(name, value)
    row = service if source == "mirror" else replace(service, official=service.mirrored(foreign))

    made = ensure(mirror=foreign if source == "mirror" else None, report=lambda _: None, services=[row])

    assert made == [service.image]
    assert other.tags() == [service.image]
    expected, found = (one.images.get(service.image).attrs["Config"] for one in (engine, other.engine))
    assert found["Labels"] == {RECIPE_LABEL: image_recipe(row), SOURCE_LABEL: source}
    for key in ("User", "Entrypoint", "Cmd", "Env", "Volumes", "ExposedPorts"):
        assert found[key] == expected[key]


def test_filling_a_mirror_without_a_login_is_rejected_with_a_remedy(
    engine: DockerClient, empty_mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    refused = push(empty_mirror)

    assert refused.exit_code == 1
    assert "docker login" in refused.stderr
    assert "Traceback" not in refused.output
    tags = [tag for image in engine.images.list() for tag in image.tags]
    assert not [tag for tag in tags if tag.startswith(empty_mirror.address)]


def test_wrong_password_is_refused_and_not_printed(empty_mirror: Mirror) -> None:
    refused = push(empty_mirror, "--username", USER, "--password-stdin", stdin="not-the-password")

    assert refused.exit_code == 1
    assert f"logging in to '{empty_mirror.address}' as '{USER}' failed" in refused.stderr
    assert "not-the-password" not in refused.output
