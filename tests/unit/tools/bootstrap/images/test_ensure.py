from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.host import atomic_files, folders
from tests.unit.tools.bootstrap.images.fake_docker import SERVICE, calls, described, install
from tools.bootstrap import fetching_ahead
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.fetching_ahead import Program
from tools.bootstrap.images import (
    MIRROR_VARIABLE,
    ImageError,
    assemble,
    basefiles,
    docker_cli,
    ensure,
    gobuild,
    image_sources,
    image_table,
    jobs,
    missing,
    programs,
)
from tools.bootstrap.images.docker_cli import DockerError
from tools.bootstrap.images.ensure import check_machine
from tools.bootstrap.images.image_sources import Fetched
from tools.bootstrap.images.recipe import image_recipe
from tools.bootstrap.remaining_time import RemainingTime


@dataclass
class Registries:
    """Registries and a workshop that record requests."""

    has: set[str] = field(default_factory=set)
    unfit: set[str] = field(default_factory=set)
    """Sources whose binaries do not run."""
    pulled: list[str] = field(default_factory=list)
    finished: list[tuple[str, bytes]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@pytest.fixture
def registries(path_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registries:
    """An engine without images, on this machine's processor architecture."""
    world = Registries()
    install(path_folder, '[ "$2" = inspect ] && exit 1\n[ "$1" = version ] && echo engine\nexit 0')
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    monkeypatch.delenv("STACK", raising=False)
    monkeypatch.setattr("platform.machine", lambda: "engine")

    def pull(reference: str) -> None:
        world.pulled.append(reference)
        if reference not in world.has:
            raise docker_cli.DockerError("no such host")

    def finish(_: object, *, binary: Path, source: str, **__: Any) -> None:  # noqa: ANN401
        if source in world.unfit:
            raise assemble.UnfitImageError(f"the {source} image does not run")
        world.finished.append((source, binary.read_bytes()))

    def build(*_: object) -> Path:
        binary = tmp_path / "built"
        binary.write_bytes(b"built")
        return binary

    monkeypatch.setattr(docker_cli, "pull", pull)
    monkeypatch.setattr(docker_cli, "copy_out", lambda _, __, target: target.write_bytes(b"fetched"))
    monkeypatch.setattr(assemble, "finish", finish)
    monkeypatch.setattr(gobuild, "binary", build)
    monkeypatch.setattr(basefiles, "busybox", lambda: b"")
    monkeypatch.setattr(basefiles, "certificates", lambda: b"")
    return world


def provide(world: Registries, mirror: str | None = None) -> list[str]:
    return ensure(mirror=mirror, report=world.lines.append, services=[SERVICE])


def test_an_image_with_the_current_recipe_costs_one_call_and_no_more(path_folder: Path) -> None:
    current = described(SERVICE.image, recipe=image_recipe(SERVICE))
    install(path_folder, f"echo '{current}'")

    assert ensure(mirror=None, report=pytest.fail, services=[SERVICE]) == []
    assert len(calls(path_folder)) == 1


@pytest.mark.parametrize(
    "present",
    [
        pytest.param(described(SERVICE.image, recipe="other"), id="another recipe"),
        pytest.param(described(SERVICE.image), id="no label"),
        pytest.param(described("ml-workspace/vault:1.0"), id="another version"),
    ],
)
def test_an_image_of_another_recipe_counts_as_missing(path_folder: Path, present: str) -> None:
    install(path_folder, f"echo '{present}'")

    assert missing([SERVICE]) == [SERVICE]


def test_without_an_engine_the_message_says_what_to_do(path_folder: Path) -> None:
    install(path_folder, "echo 'Cannot connect to the Docker daemon' >&2\nexit 1")

    with pytest.raises(ImageError, match=r"Cannot connect to the Docker daemon\. Start Docker, or set DOCKER_HOST"):
        missing([SERVICE])


def test_the_mirror_is_asked_first_and_the_official_registry_only_after_it(registries: Registries) -> None:
    registries.has = {SERVICE.official}

    assert provide(registries, "mirror:5000") == [SERVICE.image]
    assert registries.pulled == ["mirror:5000/ml-workspace/vault:1.21.4", SERVICE.official]
    assert registries.finished == [("pulled", b"fetched")]


def test_an_image_in_the_mirror_makes_the_official_registry_needless(registries: Registries) -> None:
    registries.has = {"mirror:5000/ml-workspace/vault:1.21.4", SERVICE.official}

    provide(registries, "mirror:5000")

    assert registries.pulled == ["mirror:5000/ml-workspace/vault:1.21.4"]
    assert registries.finished == [("mirror", b"fetched")]


def test_the_mirror_may_come_from_the_environment(registries: Registries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, "mirror:5000")
    registries.has = {"mirror:5000/ml-workspace/vault:1.21.4"}

    provide(registries)

    assert registries.finished == [("mirror", b"fetched")]


def test_the_mirror_may_be_configured_in_the_stack_file(
    registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_table, "configured_mirror", {"lab": "lab-mirror"}.get)
    monkeypatch.setenv("STACK", "lab")

    provide(registries)

    assert registries.pulled == ["lab-mirror/ml-workspace/vault:1.21.4", SERVICE.official]


def test_what_no_registry_has_is_built_and_the_refusals_are_told(registries: Registries) -> None:
    provide(registries, "mirror:5000")

    assert registries.finished == [("built", b"built")]
    refusals = [line for line in registries.lines if "not from a registry" in line]
    assert refusals == [
        "vault (1 of 1): not from a registry: mirror:5000/ml-workspace/vault:1.21.4: no such host",
        f"vault (1 of 1): not from a registry: {SERVICE.official}: no such host",
    ]


@pytest.mark.parametrize(
    "answer",
    [Fetched(finished=True), Fetched(binary=Path("/bin/sh")), Fetched()],
    ids=["finished image", "binary", "nothing"],
)
def test_the_remaining_time_follows_every_image(
    registries: Registries, monkeypatch: pytest.MonkeyPatch, answer: Fetched
) -> None:
    monkeypatch.setattr(image_sources, "fetch", lambda *_, **__: answer)
    remaining = RemainingTime([SERVICE.name])

    ensure(mirror=None, report=registries.lines.append, services=[SERVICE], remaining=remaining)

    assert str(remaining) == ""


def test_what_no_registry_has_is_fetched_ahead_after_the_first(
    registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    @contextmanager
    def fetching(programs: Iterable[Program]) -> Iterator[None]:
        asked.extend(program.module.name for program in programs)
        yield

    monkeypatch.setattr(fetching_ahead, "fetching", fetching)
    services = [service for service in image_table.load() if not service.base]
    registries.has = {service.official for service in services if service.name == "registry"}

    ensure(mirror=None, report=registries.lines.append, services=services)

    assert asked == ["vault", "collector", "insights", "inference"]


def test_a_binary_that_is_in_the_cache_is_neither_fetched_nor_counted() -> None:
    service = next(one for one in image_table.load() if one.name == "registry")
    finished = gobuild.artefact(service)
    finished.folder.mkdir(parents=True)
    for name in finished.files:
        (finished.folder / name).touch(mode=0o755)

    assert jobs() == ["minio", "vault", "collector", "insights"]
    assert [program.module.name for program in programs()] == jobs()


def test_what_killed_runs_left_is_removed_first(registries: Registries, path_folder: Path) -> None:
    install(
        path_folder,
        '[ "$2" = inspect ] && exit 1\n'
        'case "$1" in version) echo engine;; ps) echo container1;; images) echo image1; echo image2;; esac',
    )

    provide(registries)

    assert {"rm --force container1", "rmi --force image1 image2"} <= set(calls(path_folder))


def test_a_fetched_binary_that_does_not_run_is_replaced_by_a_built_one(registries: Registries) -> None:
    registries.has, registries.unfit = {SERVICE.official}, {"pulled"}

    provide(registries)

    assert registries.finished == [("built", b"built")]
    assert "vault (1 of 1): not from a registry: the pulled image does not run" in registries.lines


def test_a_built_image_that_does_not_run_is_an_error(registries: Registries) -> None:
    registries.unfit = {"built"}

    with pytest.raises(ImageError, match="providing the services' images: the built image does not run"):
        provide(registries)


def test_an_address_that_is_none_is_refused_before_anything_is_done(registries: Registries, path_folder: Path) -> None:
    with pytest.raises(ImageError, match=r"'https://mirror' is not an address"):
        provide(registries, "https://mirror")
    assert len(calls(path_folder)) == 1  # the look at what is there


def test_a_full_disk_is_one_message(registries: Registries, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device", "/cache/x")

    monkeypatch.setattr(gobuild, "binary", full)

    with pytest.raises(ImageError, match=r"No space left on device \(/cache/x\)"):
        provide(registries)


def test_a_full_disk_of_the_engine_is_told_with_what_to_do(
    registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise docker_cli.DockerError("write /binary: no space left on device")

    monkeypatch.setattr(assemble, "finish", full)

    with pytest.raises(ImageError, match=r"no space left on device\. Free some space where the engine keeps"):
        provide(registries)


def test_an_image_error_is_one_that_the_command_line_shows() -> None:
    assert issubclass(ImageError, BootstrapError)


@pytest.mark.parametrize(
    ("system", "machine", "engine"), [("Linux", "x86_64", "amd64"), ("Linux", "aarch64", "arm64")], ids=["pc", "arm"]
)
def test_images_are_made_on_the_engines_own_kind_of_machine(system: str, machine: str, engine: str) -> None:
    check_machine(system, machine, engine)


@pytest.mark.parametrize(
    ("system", "machine", "engine"),
    [("Darwin", "arm64", "arm64"), ("Linux", "x86_64", "arm64")],
    ids=["another system", "another processor"],
)
def test_images_for_another_kind_of_machine_are_refused_with_the_way_out(
    system: str, machine: str, engine: str
) -> None:
    with pytest.raises(ImageError, match=rf"{system} on {machine}, .* linux on {engine}.*--push HOST"):
        check_machine(system, machine, engine)


def noted() -> list[str]:
    return folders.replaced_images().read_text().split() if folders.replaced_images().exists() else []


IN_USE = """
if [ "$1 $2" = "image inspect" ]; then
    [ "$5" = sha256:tagged ] && echo '{"Id": "sha256:tagged", "RepoTags": ["a:1"], "Config": {}}'
    [ "$5" = sha256:gone ] && { echo "Error: No such image: $5" >&2; exit 1; }
    [ "$5" = sha256:tagged ] || echo "{\\"Id\\": \\"$5\\", \\"RepoTags\\": [], \\"Config\\": {}}"
fi
[ "$1 $2" = "rmi sha256:used" ] && exit 1
exit 0
"""


def test_only_noted_images_are_removed_and_one_that_is_in_use_stays_noted(path_folder: Path) -> None:
    install(path_folder, IN_USE)
    atomic_files.write(folders.replaced_images(), "sha256:used\nsha256:gone\nsha256:tagged\nsha256:free")

    assemble.remove_replaced()

    assert [call for call in calls(path_folder) if not call.startswith("image inspect")] == [
        "rmi sha256:used",
        "rmi sha256:free",
    ]
    assert noted() == ["sha256:used"]


def test_without_noted_images_the_engine_is_not_asked(path_folder: Path) -> None:
    install(path_folder, "exit 0")

    assemble.remove_replaced()

    assert calls(path_folder) == []


@pytest.mark.parametrize(("before", "expected"), [("old", ["sha256:old"]), ("new", [])], ids=["another", "the same"])
def test_an_image_is_noted_before_its_tag_moves(path_folder: Path, before: str, expected: list[str]) -> None:
    """A kill in between leaves no image that nobody knows."""
    held = {"a:1": before, "a:candidate": "new"}
    found = "".join(
        f"""[ "$5" = {tag} ] && echo '{{"Id": "sha256:{one}", "RepoTags": ["{tag}"], "Config": {{}}}}'\n"""
        for tag, one in held.items()
    )
    install(path_folder, f"{found}[ $1 = tag ] && exit 1\nexit 0")

    with pytest.raises(DockerError):
        assemble.move_tag("a:1", "a:candidate")

    assert noted() == expected
