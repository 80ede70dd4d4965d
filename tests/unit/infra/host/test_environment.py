import hashlib
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from infra.errors import HostError
from infra.host import environment, folders

AWKWARD = ["plain", "with space", "it's", 'a "quote"', "$HOME `id`", "a;b&c|d", "line\nbreak", "ümlaut", ""]


@pytest.mark.parametrize("value", AWKWARD, ids=[repr(value) for value in AWKWARD])
def test_a_shell_reads_every_value_unchanged(value: str) -> None:
    script = environment.export_lines({"VALUE": value}) + 'printf %s "$VALUE"'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == value


def test_every_line_is_an_export() -> None:
    lines = environment.export_lines(environment.additions({"PATH": "/bin"})).splitlines()
    assert lines
    assert all(line.startswith("export ") and "=" in line for line in lines)


def test_the_backend_is_the_project_s_own_unless_the_user_has_one() -> None:
    assert environment.additions({})["PULUMI_BACKEND_URL"] == f"file://{folders.state()}"
    assert environment.additions({"PULUMI_BACKEND_URL": "s3://theirs"})["PULUMI_BACKEND_URL"] == "s3://theirs"


def test_the_passphrase_file_is_the_project_s_own() -> None:
    assert environment.additions({})["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(folders.passphrase())


def test_a_passphrase_file_of_the_user_s_stays() -> None:
    chosen = {"PULUMI_CONFIG_PASSPHRASE_FILE": "/theirs"}
    assert environment.additions(chosen)["PULUMI_CONFIG_PASSPHRASE_FILE"] == "/theirs"


@pytest.mark.parametrize("value", ["secret", ""], ids=["a passphrase", "the empty passphrase"])
def test_a_passphrase_of_the_user_s_is_not_overruled_and_not_printed(value: str) -> None:
    added = environment.additions({"PULUMI_CONFIG_PASSPHRASE": value})
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in added
    assert "PULUMI_CONFIG_PASSPHRASE" not in added


def test_the_policy_pack_is_always_the_project_s() -> None:
    added = environment.additions({"PULUMI_OPTION_POLICY_PACK": "/somewhere/else"})
    assert added["PULUMI_OPTION_POLICY_PACK"] == str(folders.repo() / "policies")


def test_the_number_of_things_done_at_a_time_is_the_user_s_to_choose() -> None:
    assert environment.additions({})["PULUMI_PARALLEL"] == "64"
    assert environment.additions({"PULUMI_PARALLEL": "2"})["PULUMI_PARALLEL"] == "2"


def test_the_engine_s_address_is_passed_on_only_when_it_is_set() -> None:
    assert not {"DOCKER_HOST", "DOCKER_CONTEXT"} & set(environment.additions({}))
    assert environment.additions({"DOCKER_HOST": "tcp://lab:2375"})["DOCKER_HOST"] == "tcp://lab:2375"


def test_the_projects_folders_come_first_on_the_path_and_only_once() -> None:
    once = environment.search_path("/usr/bin:/bin")
    assert once.split(":") == [str(folders.bin_folder()), str(folders.venv() / "bin"), "/usr/bin", "/bin"]
    assert environment.search_path(once) == once


def test_a_complete_environment_keeps_its_values() -> None:
    merged = environment.environment({"PATH": "/bin", "EDITOR": "ed"})
    assert merged["EDITOR"] == "ed"
    assert merged["PATH"].endswith(":/bin")


def test_pulumi_s_own_folder_is_in_the_cache(tmp_path: Path) -> None:
    assert Path(environment.additions({})["PULUMI_HOME"]).is_relative_to(tmp_path / "cache")


def test_the_environment_has_the_address_of_a_context_instead_of_its_name(tmp_path: Path) -> None:
    """Docker's client knows contexts, Docker's package for Python does not: they would use two engines."""
    about = tmp_path / "contexts" / "meta" / hashlib.sha256(b"lab").hexdigest() / "meta.json"
    about.parent.mkdir(parents=True)
    about.write_text('{"Endpoints": {"docker": {"Host": "unix:///lab.sock"}}}')
    added = environment.additions({"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "lab"})
    assert (added["DOCKER_HOST"], added["DOCKER_CONTEXT"]) == ("unix:///lab.sock", "")


def test_an_unknown_user_gets_a_name_and_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "getuid", lambda: 12345)

    added = environment.additions({"PATH": ""})

    assert added["USER"] == "uid12345"
    assert added["HOME"] == str(tmp_path / "home")
    assert added["PATH"].endswith(os.defpath)


def test_a_known_user_gets_the_values_of_the_user_database_and_keeps_set_ones() -> None:
    entry = pwd.getpwuid(os.getuid())

    assert environment.additions({})["USER"] == entry.pw_name
    assert environment.additions({"USER": ""})["HOME"] == entry.pw_dir
    assert not {"USER", "HOME"} & environment.additions({"USER": "ana", "HOME": "/srv"}).keys()


def test_a_user_without_a_home_is_rejected_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLW_HOME", "HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 12345)

    with pytest.raises(HostError, match=r"user id 12345 has no entry.*Set HOME to your home folder, or MLW_HOME"):
        folders.home()


def test_make_env_prints_the_variables_that_it_set_itself(tmp_path: Path) -> None:
    given = {"PATH": os.defpath, "MLW_HOME": str(tmp_path / "home"), "MLW_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "tools.bootstrap", "env"]

    printed = subprocess.run(command, cwd=folders.repo(), env=given, capture_output=True, text=True, check=True).stdout

    assert {"export HOME=", "export USER="} <= {line.partition("=")[0] + "=" for line in printed.splitlines()}
