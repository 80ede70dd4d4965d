"""Images of Python programs, made from real packages: reproducible, without privileges, with clear errors."""

import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker import DockerClient

from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.images.image_table import Service
from tools.bootstrap.images.recipe import image_recipe
from tools.bootstrap.python_images import building, debian_packages, python_recipes, wheels

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, sys
import pydantic_core, six

def main() -> int:
    if "--version" in sys.argv:
        print("sample 1.0")
        return 0
    print(os.getuid(), *sys.argv[1:])
    print(*[name for name, module in sys.modules.items() if not is_compiled(module)])
    return 0

def is_compiled(module):
    compiled = getattr(module, "__cached__", None)
    return compiled is None or os.path.exists(compiled)
"""


@dataclass(frozen=True)
class Sample:
    """A program of two packages, and its image."""

    service: Service
    folder: Path
    lines: list[str]

    def make(self, cache: Path) -> str:
        """Make the image with a cache and return its id."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLW_CACHE", str(cache))
            patch.setattr(python_recipes, "folder", lambda _: self.folder)
            building.finish(self.service, recipe=image_recipe(self.service), report=self.lines.append)
        return found(self.service.image)


def found(tag: str) -> str:
    command = ["docker", "image", "inspect", "--format", "{{.Id}}", tag]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def pinned(*packages: str) -> str:
    """The rows of some packages in the project's own lock."""
    lock = (REPOSITORY / "requirements.lock").read_text()
    rows = [re.search(rf"^{package}==.*(\n    --hash=.*)+", lock, re.MULTILINE) for package in packages]
    return "\n".join(row[0].removesuffix("\\") for row in rows if row) + "\n"


@pytest.fixture(scope="module")
def sample(engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """The program, without an image at first."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "sample").mkdir()
    (folder / "sample/__init__.py").touch()
    (folder / "sample/__main__.py").write_text(PROGRAM)
    (folder / "requirements.lock").write_text(pinned("six", "pydantic-core", "typing-extensions"))
    service = Service(
        name="sample",
        image=f"ml-workspace/sample-{uuid.uuid4().hex[:8]}:1.0",
        official="",
        binary="/usr/bin/sample",
        user="10001:10001",
        folders=("/var/lib/sample",),
        base="python",
    )
    yield Sample(service=service, folder=folder, lines=[])
    for image in engine.images.list(name=service.image):
        engine.images.remove(str(image.id), force=True)


@pytest.fixture(scope="module")
def made(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache with which the image was made."""
    cache = tmp_path_factory.mktemp("cache")
    sample.make(cache)
    return cache


def run_confined(
    engine: DockerClient, sample: Sample, command: list[str], *, entrypoint: str | None = None, user: str | None = None
) -> str:
    """Run a command as the workspace's containers run: read-only, no capability, no network."""
    return engine.containers.run(
        sample.service.image,
        command,
        entrypoint=entrypoint,
        user=user,
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        network_mode="none",
        remove=True,
    ).decode()


def test_same_inputs_give_the_same_image_with_another_cache(sample: Sample, made: Path, tmp_path: Path) -> None:
    first = found(sample.service.image)

    again = sample.make(tmp_path / "other")

    assert again == first


def test_a_changed_program_takes_its_packages_from_the_cache(sample: Sample, made: Path) -> None:
    first = found(sample.service.image)
    (sample.folder / "sample/new.py").touch()
    sample.lines.clear()

    try:
        changed = sample.make(made)
    finally:
        (sample.folder / "sample/new.py").unlink()

    assert changed != first
    assert sample.lines == ["loading into the engine"]
    assert sample.make(made) == first


@pytest.mark.parametrize("user", ["10001", "12345"], ids=["its own user", "another user"])
def test_the_program_runs_without_privileges_and_compiles_nothing(
    engine: DockerClient, sample: Sample, made: Path, user: str
) -> None:
    uid, uncompiled = run_confined(engine, sample, ["--listen", "x"], user=f"{user}:{user}").splitlines()

    assert uid == f"{user} --listen x"
    assert uncompiled == ""


def test_its_folders_belong_to_the_program_and_all_else_to_root(
    engine: DockerClient, sample: Sample, made: Path
) -> None:
    script = "stat -c %u:%g /var/lib/sample /usr/bin/sample; find / -xdev ! -user 0 ! -path '/proc/*' ! -path '/sys/*'"

    owners = run_confined(engine, sample, ["-c", script], entrypoint="/bin/sh").splitlines()

    assert owners == ["10001:10001", "0:0", "/var/lib/sample"]


def test_the_image_describes_what_it_consists_of(engine: DockerClient, sample: Sample, made: Path) -> None:
    script = "cat /var/lib/dpkg/status.d/libssl3; ls /usr/local/lib/python3.11/dist-packages; cat /etc/os-release"

    text = run_confined(engine, sample, ["-c", script], entrypoint="/bin/sh")

    assert re.search(r"^Version: 3\.", text, re.MULTILINE)
    assert re.search(r"^six-.*\.dist-info$", text, re.MULTILINE)
    assert "VERSION_CODENAME=bookworm" in text


def test_nothing_is_left_in_the_build_folder(made: Path) -> None:
    assert list((made / "build").iterdir()) == []


def test_without_a_network_debian_packages_are_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sources.list").write_text("deb http://127.0.0.1:9/debian bookworm main\n")
    (tmp_path / "lists/partial").mkdir(parents=True)
    (tmp_path / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{tmp_path}/sources.list"; Dir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{tmp_path}/lists"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n'
    )
    monkeypatch.setattr(debian_packages, "RELEASE_FILE", tmp_path / "os-release")
    (tmp_path / "os-release").write_text("ID=debian\nVERSION_CODENAME=bookworm\n")
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))

    with pytest.raises(BootstrapError, match=r"2 Debian packages: apt-get failed: .*Check the network and /etc/apt"):
        debian_packages.download(["bash", "dash"], tmp_path, release="bookworm")


def test_without_a_network_wheels_are_an_error_that_says_what_to_do(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"INDEX_URL": "http://127.0.0.1:9/simple", "FIND_LINKS": "", "RETRIES": "0"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)

    with pytest.raises(
        BootstrapError, match=r"fetching the packages of '.*requirements\.lock'[^$]*pip's configuration"
    ):
        wheels.download(sample.folder / "requirements.lock", tmp_path, machine="x86_64")


def test_a_wheel_with_another_hash_is_rejected(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(re.sub(r"sha256:\w+", f"sha256:{'0' * 64}", pinned("six")))

    with pytest.raises(BootstrapError, match="THESE PACKAGES DO NOT MATCH THE HASHES"):
        wheels.download(lock, tmp_path, machine="x86_64")
