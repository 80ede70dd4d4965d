from pathlib import Path

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import SERVICE, calls, described, install
from tools.bootstrap.images import docker_cli, image_sources, image_table

MIRRORED = SERVICE.mirrored("mirror:5000")


@pytest.fixture
def engine_that_has_all(path_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every reference exists already, created by others; a container's file can be copied."""
    install(
        path_folder, f"""[ "$2" = inspect ] && echo '{described("some:1")}'\n[ "$1" = create ] && echo c1\nexit 0"""
    )
    monkeypatch.setattr(docker_cli, "copy_out", lambda _, __, target: target.write_bytes(b"fetched"))
    return path_folder


def test_an_official_image_that_was_there_before_stays(
    engine_that_has_all: Path, tmp_path: Path, lines: list[str]
) -> None:
    found = image_sources.fetch(SERVICE, mirror=None, folder=tmp_path, report=lines.append)

    assert (found.source, found.finished) == ("pulled", False)
    assert not [call for call in calls(engine_that_has_all) if call.startswith("rmi")]


def test_an_image_of_a_python_program_is_taken_whole_or_not_at_all(
    engine_that_has_all: Path, tmp_path: Path, lines: list[str]
) -> None:
    (program,) = image_table.named(["python"])

    found = image_sources.fetch(program, mirror="mirror:5000", folder=tmp_path, report=lines.append)

    assert (found.finished, found.binary) == (False, None)
    assert found.refusals == [f"mirror:5000/{program.image}: it was made by another version of this project"]


def test_a_mirrors_name_that_a_killed_run_left_goes(
    engine_that_has_all: Path, tmp_path: Path, lines: list[str]
) -> None:
    found = image_sources.fetch(SERVICE, mirror="mirror:5000", folder=tmp_path, report=lines.append)

    assert found.source == "mirror"
    assert f"rmi {MIRRORED}" in calls(engine_that_has_all)


def test_the_container_that_lent_its_file_goes(engine_that_has_all: Path, tmp_path: Path, lines: list[str]) -> None:
    found = image_sources.fetch(SERVICE, mirror=None, folder=tmp_path, report=lines.append)

    assert found.binary is not None
    assert found.binary.read_bytes() == b"fetched"
    assert "rm --force --volumes c1" in calls(engine_that_has_all)
