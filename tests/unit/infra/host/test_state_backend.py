"""The folder of a file backend, as Pulumi's CLI resolves it."""

import re
from pathlib import Path

import pytest

from infra.errors import HostError
from infra.host import state_backend


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        pytest.param("file:///srv/state", "/srv/state/.pulumi", id="absolute"),
        pytest.param("file:///srv/with%20blank", "/srv/with blank/.pulumi", id="quoted"),
        pytest.param("file://~/state", "/users/ada/state/.pulumi", id="below the user's home"),
        pytest.param("file:///srv/state?metadata=skip", "/srv/state/.pulumi", id="with settings"),
        pytest.param("s3://bucket/state", None, id="object store"),
        pytest.param("", None, id="unset"),
    ],
)
def test_only_a_file_backend_has_a_folder(url: str, folder: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/users/ada")
    assert state_backend.backend_folder(url) == (Path(folder) if folder else None)


def test_a_folder_of_any_name_is_parsed_from_its_address(tmp_path: Path) -> None:
    """Before the fix, the address of the project's own backend was not quoted: `%` and `?` led to another folder."""
    folder = tmp_path / "100 % sure? #1"
    assert state_backend.backend_folder(folder.as_uri()) == folder / ".pulumi"


def test_only_state_files_count_as_stacks(tmp_path: Path) -> None:
    folder = tmp_path / "stacks" / "ml-workspace"
    folder.mkdir(parents=True)
    for name in ("dev.json", "dev.json.bak", "dev.json.attrs", "lake.json.gz", ".dev.json.7.tmp"):
        (folder / name).touch()
    found = state_backend.state_files(tmp_path, "ml-workspace")
    assert {stack: path.name for stack, path in found.items()} == {"dev": "dev.json", "lake": "lake.json.gz"}


def test_a_backend_that_is_none_or_was_never_used_has_no_stacks(tmp_path: Path) -> None:
    assert state_backend.state_files(None, "ml-workspace") == {}
    assert state_backend.state_files(tmp_path, "ml-workspace") == {}


def test_a_backend_is_named_by_its_folder_however_its_address_is_spelt(tmp_path: Path) -> None:
    folder, link = tmp_path / "state", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    spellings = [f"file://{folder}", f"file://{folder}/", f"file://{tmp_path}/./state", f"file://{link}", link.as_uri()]
    assert len({state_backend.backend_id(url) for url in spellings}) == 1


def test_two_backends_have_different_ids_of_twelve_hexadecimal_digits() -> None:
    one, other = state_backend.backend_id("file:///a"), state_backend.backend_id("file:///b")
    assert one != other
    assert (len(one), int(one, 16) >= 0) == (12, True)
    assert state_backend.backend_id("s3://bucket/state/") == state_backend.backend_id("s3://bucket/state")


def test_without_the_variable_the_backend_is_that_of_the_last_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    assert state_backend.address() == ""
    (tmp_path / "credentials.json").write_text('{"current": "file:///srv/state", "accounts": {}}')
    assert state_backend.address() == "file:///srv/state"
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///a")
    assert state_backend.address() == "file:///a"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"current": null}'])
def test_credentials_that_name_no_backend_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    (tmp_path / "credentials.json").write_text(content)
    assert state_backend.address() == ""


AWS, MINIO = "s3://states/team?region=eu-west-1", "s3://states?endpoint=http://127.0.0.1:9000&s3ForcePathStyle=true"
COMPLETED = f"{MINIO}&request_checksum_calculation=when_supported"


@pytest.mark.parametrize(
    ("url", "completed"),
    [
        pytest.param(MINIO, COMPLETED, id="a store of another maker"),
        pytest.param(COMPLETED, COMPLETED, id="completed already"),
        pytest.param(AWS, AWS, id="Amazon's own"),
        pytest.param("file:///srv?endpoint=x", "file:///srv?endpoint=x", id="a folder"),
        pytest.param("", "", id="unset"),
    ],
)
def test_a_third_party_store_gets_checksums_that_it_accepts(url: str, completed: str) -> None:
    assert state_backend.completed(url) == completed


def test_a_completed_address_is_the_same_backend() -> None:
    assert state_backend.backend_id(COMPLETED) == state_backend.backend_id(MINIO)
    assert state_backend.backend_id(AWS) != state_backend.backend_id(MINIO)


@pytest.mark.parametrize("url", ["s3://[x", "http://[::1", "file://~nobody-of-this-name/x"])
def test_invalid_address_is_rejected_with_the_variable(url: str) -> None:
    with pytest.raises(HostError, match=f"PULUMI_BACKEND_URL is '{re.escape(url)}', which is not valid"):
        state_backend.backend_folder(url)
