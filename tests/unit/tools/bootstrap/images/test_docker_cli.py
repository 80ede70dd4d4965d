import io
import tarfile
from pathlib import Path

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import calls, described, install
from tools.bootstrap.images import docker_cli


def test_several_images_are_found_with_one_call(path_folder: Path) -> None:
    install(path_folder, f"echo '{described('a:1', recipe='y')}'\necho 'Error: No such image: b:1' >&2\nexit 1")

    found = docker_cli.inspect(["a:1", "b:1"])

    assert found == {"a:1": docker_cli.Image(identity="sha256:a:1", tags=("a:1",), labels={"ml-workspace.recipe": "y"})}
    assert calls(path_folder) == ["image inspect --format {{json .}} a:1 b:1"]


def test_an_engine_that_does_not_answer_is_no_missing_image(path_folder: Path) -> None:
    install(path_folder, "echo 'Cannot connect to the Docker daemon at x. Is it running?' >&2\nexit 1")

    with pytest.raises(docker_cli.DockerError, match="Cannot connect to the Docker daemon at x"):
        docker_cli.inspect(["a:1"])


def test_a_machine_without_the_client_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(docker_cli.DockerError, match="'docker' was not found on PATH"):
        docker_cli.inspect(["a:1"])


def test_only_the_last_line_of_a_complaint_is_kept(path_folder: Path) -> None:
    install(path_folder, "printf 'noise\\n\\nthe reason\\n\\n' >&2\nexit 125")

    with pytest.raises(docker_cli.DockerError, match=r"^the reason$"):
        docker_cli.call("tag", "a", "b")


def test_a_call_is_given_up_when_its_time_is_over(path_folder: Path) -> None:
    install(path_folder, "exec sleep 60")

    with pytest.raises(docker_cli.DockerError, match="'docker version' did not respond within 0 s"):
        docker_cli.call("version", seconds=0.1)


def test_a_registry_that_never_answers_is_given_up(path_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_cli, "CONTACT_SECONDS", 0.1)
    install(path_folder, "exec sleep 60")

    with pytest.raises(docker_cli.DockerError, match="no response from its registry"):
        docker_cli.pull("a:1")


def test_a_slow_transfer_is_waited_for_once_the_registry_has_answered(
    path_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_cli, "CONTACT_SECONDS", 2)  # a busy machine takes its time to start a program
    install(path_folder, "echo 'Pulling from a'\nsleep 2.2\ntouch \"${0%/*}/done\"")

    docker_cli.pull("a:1")

    assert (path_folder / "done").exists()


def test_the_reason_of_a_refused_pull_is_passed_on(path_folder: Path) -> None:
    install(path_folder, "echo 'manifest unknown' >&2\nexit 1")

    with pytest.raises(docker_cli.DockerError, match=r"^manifest unknown$"):
        docker_cli.pull("a:1")


def test_a_file_is_copied_without_owner_mode_and_capabilities(path_folder: Path, tmp_path: Path) -> None:
    with tarfile.open(path_folder / "archive", "w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("vault")
        entry.size, entry.mode, entry.uid = 7, 0o4755, 4711
        entry.pax_headers = {"SCHILY.xattr.security.capability": "x"}
        archive.addfile(entry, io.BytesIO(b"program"))
    install(path_folder, f'exec cat "{path_folder}/archive"')
    target = tmp_path / "target"

    docker_cli.copy_out("container", "/bin/vault", target)

    assert target.read_bytes() == b"program"
    assert target.stat().st_mode & 0o7111 == 0


def test_a_file_that_the_image_does_not_have_is_an_error(path_folder: Path, tmp_path: Path) -> None:
    install(path_folder, "echo 'Could not find the file /bin/vault' >&2\nexit 1")

    with pytest.raises(docker_cli.DockerError, match="Could not find the file /bin/vault"):
        docker_cli.copy_out("container", "/bin/vault", tmp_path / "target")
